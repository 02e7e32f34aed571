// Queries to start with. All but the schema are about the Unicode database.

export const EXAMPLES = [
  {
    label: 'Search names',
    sql: `SELECT printf('U+%04X', c.code) AS code, char(c.code) AS glyph, c.name, b.name AS block
FROM character_search s
JOIN character c ON c.code = s.rowid
LEFT JOIN block b ON b.first = c.block
WHERE character_search MATCH 'star* NOT cuneiform'
ORDER BY rank, c.code;`,
  },
  {
    label: 'Categories',
    sql: `SELECT k.code, k.name AS category, count(*) AS characters
FROM character c
JOIN category k ON k.code = c.category
GROUP BY k.code
ORDER BY characters DESC;`,
  },
  {
    label: 'Largest blocks',
    sql: `SELECT b.name AS block, printf('U+%04X', b.first) AS first, printf('U+%04X', b.last) AS last,
       count(*) AS named_characters
FROM block b
JOIN character c ON c.block = b.first
GROUP BY b.first
ORDER BY named_characters DESC
LIMIT 25;`,
  },
  {
    label: 'Sevens of the world',
    sql: `SELECT char(code) AS glyph, printf('U+%04X', code) AS code, name
FROM character
WHERE numeric_value = '7'
ORDER BY character.code;`,
  },
  {
    label: 'Odd case pairs',
    sql: `-- Letters that don't come back from lower case.
SELECT char(c.code) AS letter, char(l.code) AS lower, char(l.uppercase) AS upper_again, c.name
FROM character c
JOIN character l ON l.code = c.lowercase
WHERE l.uppercase IS NOT c.code
ORDER BY c.code;`,
  },
  {
    label: 'Write a row',
    sql: `-- Reload the page and run this again: the rows stay.
CREATE TABLE IF NOT EXISTS visit (id INTEGER PRIMARY KEY, at TEXT NOT NULL);
INSERT INTO visit (at) VALUES (datetime('now'));
SELECT * FROM visit ORDER BY id DESC;`,
  },
  {
    label: 'Schema',
    sql: `SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema ORDER BY type DESC, name;`,
  },
];
