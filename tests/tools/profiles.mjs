// Profiles as Chromium and Firefox lay them out, made by hand, so that a test can put anything in.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const crcTable = Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
});

/** CRC-32C with LevelDB's mask. */
function maskedCrc(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function varint(number) {
  const bytes = [];
  for (let rest = number; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

const withSize = (bytes) => Buffer.concat([varint(bytes.length), Buffer.from(bytes)]);

/** A log of LevelDB: records in blocks of 32 KiB. */
function levelDbLog(records) {
  const BLOCK = 32768;
  const HEADER = 7;
  const parts = [];
  let at = 0;
  for (const record of records) {
    let rest = record;
    for (let isFirst = true; isFirst || rest.length > 0; isFirst = false) {
      let room = BLOCK - (at % BLOCK);
      if (room < HEADER) {
        parts.push(Buffer.alloc(room));
        at += room;
        room = BLOCK;
      }
      const part = rest.subarray(0, room - HEADER);
      rest = rest.subarray(part.length);
      const type = isFirst ? (rest.length ? 2 : 1) : rest.length ? 3 : 4;
      const header = Buffer.alloc(HEADER);
      header.writeUInt32LE(maskedCrc(Buffer.concat([Buffer.from([type]), part])));
      header.writeUInt16LE(part.length, 4);
      header[6] = type;
      parts.push(header, part);
      at += HEADER + part.length;
    }
  }
  return Buffer.concat(parts);
}

/** Makes a LevelDB with these pairs of keys and values, each in a record of its own. */
export function writeLevelDb(folder, pairs) {
  mkdirSync(folder, { recursive: true });
  const edit = Buffer.concat([
    varint(1),
    withSize('leveldb.BytewiseComparator'),
    ...[2, 3, 3, 4, 4, 0].map(varint),
  ]);
  writeFileSync(join(folder, 'MANIFEST-000002'), levelDbLog([edit]));
  writeFileSync(join(folder, 'CURRENT'), 'MANIFEST-000002\n');
  const batches = pairs.map(([key, value], index) => {
    const head = Buffer.alloc(12);
    head.writeBigUInt64LE(BigInt(index + 1));
    head.writeUInt32LE(1, 8);
    return Buffer.concat([head, Buffer.from([1]), withSize(key), withSize(value)]);
  });
  writeFileSync(join(folder, '000003.log'), levelDbLog(batches));
}

function pickle({ parent, path = '', name }) {
  const text = (string) => {
    const bytes = Buffer.from(string);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(bytes.length);
    return Buffer.concat([size, bytes, Buffer.alloc(-bytes.length & 3)]);
  };
  const number = Buffer.alloc(8);
  number.writeBigUInt64LE(BigInt(parent));
  const fields = Buffer.concat([number, text(path), text(name), Buffer.alloc(8)]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(fields.length);
  return Buffer.concat([size, fields]);
}

/**
 * A profile of Chromium with one pool, `pool`, of the files in `slots`. `more` are further files
 * that its list tells of, by the path that stands there.
 */
export function makeChromiumProfile(profile, slots, { more = [], directory = 'pool' } = {}) {
  const system = join(profile, 'Default/File System');
  const folder = join(system, '000/t');
  mkdirSync(join(folder, '00'), { recursive: true });
  const paths = readdirSync(slots).map((name, index) => {
    const path = `00/${String(index + 1).padStart(8, '0')}`;
    copyFileSync(join(slots, name), join(folder, path));
    return path;
  });
  const entries = [
    { parent: 0, name: directory },
    { parent: 1, name: '.opaque' },
    ...[...paths, ...more].map((path, index) => ({ parent: 2, path, name: `slot${index}` })),
  ];
  writeLevelDb(
    join(folder, 'Paths'),
    entries.map((entry, index) => [String(index + 1), pickle(entry)]),
  );
  writeLevelDb(join(system, 'Origins'), [['ORIGIN:https_example.org_0', '000']]);
  return { folder, paths };
}

const MAKE_LIST = `
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for sql in json.load(sys.stdin):
    db.execute(*[sql] if isinstance(sql, str) else [sql[0], [bytes.fromhex(x) for x in sql[1]]])
db.commit()`;

/** Runs SQL on a database file; a statement with parameters is [sql, blobs in hex]. */
export function runSql(file, statements) {
  execFileSync('python3', ['-c', MAKE_LIST, file], { input: JSON.stringify(statements) });
}

const utf16 = (text) => Buffer.from(text, 'utf16le').toString('hex');

function base32(bytes) {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((group) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[parseInt(group.padEnd(5, '0'), 2)])
    .join('');
}

/** A profile of Firefox with one pool of the files in `slots`. */
export function makeFirefoxProfile(profile, slots, { directory = 'pool' } = {}) {
  const folder = join(profile, 'storage/default/https+++example.org/fs');
  mkdirSync(folder, { recursive: true });
  const statements = [
    'CREATE TABLE Entries (handle BLOB, parent BLOB)',
    'CREATE TABLE Directories (handle BLOB, name BLOB)',
    'CREATE TABLE MainFiles (handle BLOB, fileId BLOB)',
    "INSERT INTO Entries VALUES (x'00', NULL), (x'01', x'00'), (x'02', x'01')",
    [
      "INSERT INTO Directories VALUES (x'00', x''), (x'01', ?1), (x'02', ?2)",
      [directory, '.opaque'].map(utf16),
    ],
  ];
  const paths = readdirSync(slots).map((name, index) => {
    const id = Buffer.alloc(32, index + 1);
    const file = base32(id);
    const path = join(file.slice(0, 2), file);
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    copyFileSync(join(slots, name), join(folder, path));
    const handle = Buffer.from([1, index]).toString('hex');
    statements.push([`INSERT INTO Entries VALUES (?1, x'02')`, [handle]]);
    statements.push(['INSERT INTO MainFiles VALUES (?1, ?2)', [handle, id.toString('hex')]]);
    return path;
  });
  runSql(join(folder, 'metadata.sqlite'), statements);
  return { folder, paths };
}
