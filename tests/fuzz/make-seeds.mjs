// Writes the seeds of the fuzz targets: inputs from which each begins, one for each of the cases
// that its random changes would be long in finding.
//
//   node tests/fuzz/make-seeds.mjs DIRECTORY     writes DIRECTORY/TARGET/NAME
//
// A target reads its input with libFuzzer's FuzzedDataProvider: numbers from the end, texts from the
// front, in the order of its code. An input that ends early reads as zeros and empty texts. So a
// seed is a list of what is read, up to the last value that matters:
//   5           a number from a range of at most 256 values, as its distance from the first one
//   wide(n, k)  one from a larger range, that takes k bytes
//   'text'      a text or bytes

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

const wide = (value, size) => ({ value, size });

function bytesOfNumber({ value, size }) {
  return Array.from(
    { length: size },
    (_, index) => Math.floor(value / 256 ** index) % 256,
  ).reverse();
}

// A backslash and anything else end a text.
function bytesOfText(text) {
  return [...Buffer.from(text.replaceAll('\\', '\\\\'), 'latin1'), 0x5c, 0];
}

function encode(values) {
  const texts = values.filter((value) => typeof value === 'string');
  const numbers = values.filter((value) => typeof value !== 'string');
  const fromEnd = numbers.flatMap((value) =>
    bytesOfNumber(typeof value === 'number' ? wide(value, 1) : value),
  );
  return Buffer.from([...texts.flatMap(bytesOfText), ...fromEnd.reverse()]);
}

// A header as docs/format.md has it: /app.db, flags 0x186.
function namedHeader() {
  const header = Buffer.alloc(524);
  header.write('/app.db');
  header.writeUInt32BE(0x186, 512);
  header.write('3eb5ac988e854f45', 516, 'hex');
  return header;
}

const none = 3; // no damage: as fuzz_input.cc reads it
const names = { app: 0, journal: 1, wal: 2, other: 3, relative: 4, duplicate: 5, dots: 6, any: 15 };

const slotHeader = {
  free: Buffer.alloc(524),
  named: namedHeader(),
  'without-digest': Buffer.concat([Buffer.from('/a'), Buffer.alloc(512), Buffer.from([1, 6])]),
  'path-without-end': Buffer.alloc(524, 'a'),
};

// The dialect in three bits, the name, whether a second one begins like it, its end.
const fileName = {
  plain: encode([1, 0, 1, 'app.db', 1, '#']),
  query: encode([1, 0, 1, 'a', 1, '?b']),
  dots: encode([1, 0, 1, 'a/./b/%2e%2E/../c\\d']),
  drive: encode([1, 0, 1, 'C|/../x']),
  'no-drive': encode([1, 1, 0, 'C|/../x^']),
  longest: encode([1, 0, 1, 'n'.repeat(509), 1, 'n']),
  encoded: encode([1, 0, 1, ' \t\u0000\u00ff"<>`{}'.repeat(10)]),
  shrinking: encode([1, 0, 1, `${'s/'.repeat(300)}${'../'.repeat(40)}`]),
};

// Start, database, damage, chunks and their sizes; the crash; the fault.
const startOf = { empty: 0, database: 1, later: 2, hot: 3, wal: 4, journal: 5, full: 7 };
const chunks = (...sizes) => [sizes.length, ...sizes.map((size) => wide(size, 2))];
const faultAt = (kind, nth, code, persists) => [kind, nth - 1, code, persists, 0];
const importSeeds = {
  new: encode([startOf.empty, 0, none, ...chunks(1, 99, 4000)]),
  replaced: encode([startOf.later, 1, none, ...chunks(0, 5000, 9000), 6, 1]),
  'over-hot-journal': encode([startOf.hot, 0, none, ...chunks(512), 9, 0]),
  'over-wal': encode([startOf.wal, 0, none, ...chunks(512), 12, 3]),
  'beside-journal': encode([startOf.journal, 0, none, 0, 2, 0]),
  'pool-full': encode([startOf.full, 0, none, 0]),
  'no-database': encode([startOf.database, 2, 'not a database', none, ...chunks(3)]),
  'deletion-fails-after-effect': encode([
    ...[startOf.database, 0, none, 0, 0, 0],
    ...[...faultAt(2, 10, 0, 0), 1],
  ]),
  'out-of-quota': encode([startOf.database, 1, none, ...chunks(512), 0, 0, ...faultAt(4, 4, 1, 1)]),
};

// Which files a connection left; what is put in their place; damage to each; the super-journal.
const real = { hot: 0, wal512: 1, wal1024: 2, wal4096: 3 };
const committedImage = {
  'hot-journal': encode([real.hot, 7, none, none]),
  wal: encode([real.wal1024, 7, none, none]),
  'wal-big-endian': encode([real.wal512, 7, none, none, 1]),
  'journal-with-super-journal': encode([
    ...[real.hot, 1, 1, 1, 0, 2, 2, 1, 6, 9, 2, 1, 1],
    ...[none, none, 1],
  ]),
  'void-journal': encode([real.hot, 1, 1, 1, 0, 2, 2, 1, 6, 9, 2, 1, 1, none, none, 0]),
  'journal-and-wal': encode([
    ...[real.wal4096, 3, 2, 1, 0, 1, 1, 1, 2, 9, 2, 0],
    ...[0, 2, 0, 1, 2, 1, 1, 2, none, none, none],
  ]),
  'cut-off-journal': encode([real.hot, 7, none, 4, 1, wide(550, 2), 0]),
};

// How many slots; each by its kind, name, flags, content, version and damage; the crash; then
// operations by name, fault and number.
const slot = (name, flags, content, version1 = 0) => [3, name, flags, content, version1, none];
const freeSlot = [1, none];
const content = { hotDatabase: 0, hotJournal: 1, walDatabase: 2, wal: 3, nothing: 4 };
const flagsOf = { database: 0, journal: 2, wal: 3, temporary: 5 };
const hotDatabase = slot(names.app, flagsOf.database, content.hotDatabase);
const hotJournal = slot(names.journal, flagsOf.journal, content.hotJournal);
const walDatabase = slot(names.app, flagsOf.database, content.walDatabase);
const wal = slot(names.wal, flagsOf.wal, content.wal);
const operation = (number, name, ...rest) => [name, 1, number, ...rest];
const noCrash = [24, 0];
const pool = {
  'hot-journal': encode([
    ...[2, ...hotDatabase, ...hotJournal, ...freeSlot, ...noCrash],
    ...[2, ...operation(4, names.app), ...operation(7, names.app)],
  ]),
  wal: encode([
    ...[2, ...walDatabase, ...wal, ...freeSlot, ...noCrash],
    ...[2, ...operation(7, names.app), ...operation(2, names.app)],
  ]),
  'one-name-twice': encode([2, ...hotDatabase, ...walDatabase, ...freeSlot, 1, 0]),
  'unreachable-name': encode([
    ...[1, ...slot(names.relative, flagsOf.database, content.hotDatabase)],
    ...[...slot(names.dots, flagsOf.database, content.nothing), 2, 1],
  ]),
  'name-too-long-when-resolved': encode([
    ...[0, 3, names.any, '\u00e9'.repeat(200), flagsOf.database, content.hotDatabase, 0, none],
    ...noCrash,
  ]),
  'temporary-without-digest': encode([
    ...[0, ...slot(names.other, flagsOf.temporary, content.hotDatabase, 1), ...noCrash],
  ]),
  'recovered-and-discarded': encode([
    ...[2, 2, content.hotDatabase, none, 2, content.walDatabase, none, ...freeSlot, ...noCrash],
    ...[3, ...operation(5, names.app, 0), ...operation(6, names.app, 1)],
    ...operation(0, names.other, flagsOf.database),
  ]),
  'written-through-vfs': encode([
    ...[1, ...freeSlot, ...freeSlot, ...noCrash],
    ...[2, ...operation(3, names.app, 'content', wide(4096, 2), 1, wide(100, 2))],
    ...operation(1, names.app),
  ]),
};

// Calls by their topic, pool and number. With one pool its choice takes no byte.
const topic = { host: 0, names: 1, quarantine: 2, imports: 3, exports: 4, sql: 5, slots: 7 };
const create = [topic.host, 1, 7];
const attach = (slotValues) => [topic.slots, 8, ...slotValues, 1];
const started = [topic.slots, 1, topic.slots, 2];
const abi = {
  'start-and-stop': encode([
    ...create,
    ...attach(freeSlot),
    ...started,
    topic.slots,
    3,
    topic.slots,
    0,
  ]),
  imports: encode([
    ...[...create, ...attach(freeSlot), ...attach(freeSlot), ...started],
    ...[topic.imports, names.app, topic.imports, 0, 3, topic.imports, 0, 1],
    ...[topic.names, names.app, wide(0, 2), 2],
  ]),
  'import-outlives-pool': encode([
    ...[...create, ...attach(freeSlot), ...started, topic.imports, names.app, topic.slots, 0],
    ...[...create, topic.slots, 1, topic.imports, 0, 3, topic.imports, 0, 1],
  ]),
  'exports-wal': encode([
    ...[...create, ...attach(walDatabase), ...attach(wal), ...started],
    ...[topic.exports, names.app, wide(4096, 2), wide(0, 2), topic.slots, 0],
    ...[...create, topic.slots, 1, topic.exports, 1],
  ]),
  sql: encode([
    ...[...create, ...attach(freeSlot), ...attach(freeSlot), ...attach(freeSlot), ...started],
    ...[topic.sql, names.app, topic.sql, 1, 1, 0, topic.sql, 1, 1, 4, topic.slots, 0],
  ]),
  quarantine: encode([
    ...[...create, ...attach([0, 'damaged header']), ...started],
    ...[topic.quarantine, 1, 0, names.app],
  ]),
  'index-below-all': encode([
    ...[...create, ...attach(hotDatabase), topic.names, names.app, wide(0, 2), 1],
    wide(0, 4),
  ]),
  'host-miscounts': encode([
    ...[...create, ...attach(freeSlot), ...started, topic.host, 2, 1, topic.imports, names.app],
  ]),
};

const seeds = {
  slot_header: slotHeader,
  file_name: fileName,
  import: importSeeds,
  committed_image: committedImage,
  pool,
  abi,
};

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('usage: make-seeds.mjs DIRECTORY');
for (const [target, inputs] of Object.entries(seeds)) {
  await mkdir(join(directory, target), { recursive: true });
  for (const [name, bytes] of Object.entries(inputs)) {
    await writeFile(join(directory, target, name), bytes);
  }
}
