// The Unicode character database as an SQLite database: fetched as the text files of Unicode's,
// parsed and stored in one transaction, so that there is all of it or nothing.

export const UNICODE_DATABASE = '/unicode.db';

const SCHEMA_VERSION = 1;
const ROWS_PER_BATCH = 500;
const CHARACTER_COLUMNS = 13;

const SCHEMA = `
  CREATE TABLE category (code TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE block (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, name TEXT NOT NULL);
  CREATE TABLE character (
    code INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    category TEXT NOT NULL REFERENCES category(code),
    block INTEGER REFERENCES block(first),
    combining_class INTEGER NOT NULL,
    bidi_class TEXT NOT NULL,
    decomposition TEXT,
    numeric_value TEXT,
    mirrored INTEGER NOT NULL,
    old_name TEXT,
    uppercase INTEGER,
    lowercase INTEGER,
    titlecase INTEGER
  );
  CREATE INDEX character_by_category ON character(category);
  CREATE INDEX character_by_block ON character(block);
  CREATE VIRTUAL TABLE character_search USING fts5(
    name, old_name, content = 'character', content_rowid = 'code'
  );
  CREATE TABLE import_log (imported_at TEXT NOT NULL, characters INTEGER NOT NULL,
                           milliseconds REAL NOT NULL);
`;

const CATEGORIES = {
  Lu: 'uppercase letter',
  Ll: 'lowercase letter',
  Lt: 'titlecase letter',
  Lm: 'modifier letter',
  Lo: 'other letter',
  Mn: 'nonspacing mark',
  Mc: 'spacing mark',
  Me: 'enclosing mark',
  Nd: 'decimal digit',
  Nl: 'letter number',
  No: 'other number',
  Pc: 'connector punctuation',
  Pd: 'dash punctuation',
  Ps: 'opening punctuation',
  Pe: 'closing punctuation',
  Pi: 'initial quotation mark',
  Pf: 'final quotation mark',
  Po: 'other punctuation',
  Sm: 'mathematical symbol',
  Sc: 'currency symbol',
  Sk: 'modifier symbol',
  So: 'other symbol',
  Zs: 'space separator',
  Zl: 'line separator',
  Zp: 'paragraph separator',
  Cc: 'control character',
  Cf: 'format character',
  Cs: 'surrogate',
  Co: 'private use',
};

/** When the data was imported and how much of it; undefined when it isn't there. */
export function unicodeImport(db) {
  if (db.selectValue('PRAGMA user_version') !== SCHEMA_VERSION) return undefined;
  const log = db.selectObject(
    'SELECT imported_at, milliseconds, count(*) AS imports FROM import_log',
  );
  return {
    importedAt: log.imported_at,
    milliseconds: log.milliseconds,
    imports: log.imports,
    characters: db.selectValue('SELECT count(*) FROM character'),
  };
}

/** Fetches and stores the data. `onProgress` gets {label, done, total}. */
export async function importUnicode(db, onProgress) {
  onProgress({ label: 'Fetching the Unicode character database', done: 0, total: 1 });
  const [characters, blocks] = await Promise.all([
    fetchLines('/data/UnicodeData.txt'),
    fetchLines('/data/Blocks.txt'),
  ]);
  const start = performance.now();
  db.transaction('IMMEDIATE', () => {
    db.exec(SCHEMA);
    insertCategories(db);
    const blockOf = insertBlocks(db, blocks);
    insertCharacters(db, characters, blockOf, onProgress);
    db.exec(`INSERT INTO character_search(character_search) VALUES ('rebuild')`);
    db.exec({
      sql: `INSERT INTO import_log VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), ?, ?)`,
      bind: [characters.length, performance.now() - start],
    });
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  });
}

async function fetchLines(url) {
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(
      `${url} can't be fetched: ${response.status}. It comes with Debian's package unicode-data.`,
    );
  }
  const text = await response.text();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

/** Runs `use` with a prepared statement and finalizes it whatever happens. */
function withStatement(db, sql, use) {
  const statement = db.prepare(sql);
  try {
    return use(statement);
  } finally {
    statement.finalize();
  }
}

function insertCategories(db) {
  withStatement(db, 'INSERT INTO category VALUES (?, ?)', (insert) => {
    for (const category of Object.entries(CATEGORIES)) insert.bind(category).stepReset();
  });
}

/** Gives the function that finds the block of a code. It must be asked in ascending order. */
function insertBlocks(db, lines) {
  const blocks = lines.map((line) => {
    const [, first, last, name] = /^([0-9A-F]+)\.\.([0-9A-F]+); (.*)$/.exec(line);
    return { first: hex(first), last: hex(last), name };
  });
  withStatement(db, 'INSERT INTO block VALUES (?, ?, ?)', (insert) => {
    for (const { first, last, name } of blocks) insert.bind([first, last, name]).stepReset();
  });
  let at = 0;
  return (code) => {
    while (at < blocks.length && blocks[at].last < code) at += 1;
    return blocks[at]?.first <= code ? blocks[at].first : null;
  };
}

/** Hands rows over as JSON, many at a time: a call for each value would take far longer. */
function insertCharacters(db, lines, blockOf, onProgress) {
  const columns = Array.from({ length: CHARACTER_COLUMNS }, (_, at) => `value ->> ${at}`);
  const sql = `INSERT INTO character SELECT ${columns.join(', ')} FROM json_each(?)`;
  withStatement(db, sql, (insert) => {
    for (let start = 0; start < lines.length; start += ROWS_PER_BATCH) {
      const batch = lines.slice(start, start + ROWS_PER_BATCH);
      const rows = batch.map((line) => characterRow(line, blockOf));
      insert.bind([JSON.stringify(rows)]).stepReset();
      onProgress({
        label: 'Importing Unicode characters',
        done: start + batch.length,
        total: lines.length,
        unit: 'rows',
      });
    }
  });
}

function characterRow(line, blockOf) {
  const field = line.split(';');
  const code = hex(field[0]);
  return [
    code,
    field[1],
    field[2],
    blockOf(code),
    Number(field[3]),
    field[4],
    field[5] || null,
    field[8] || null,
    field[9] === 'Y' ? 1 : 0,
    field[10] || null,
    hex(field[12]),
    hex(field[13]),
    hex(field[14]),
  ];
}

function hex(text) {
  return text === '' ? null : parseInt(text, 16);
}
