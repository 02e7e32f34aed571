// A large database in and out of the storage, in pieces. It is made as it goes: its first pages are a
// small real database, and each page behind them says only which one it is, so that the source
// takes neither memory nor time worth speaking of.
import { exportedAtOnce } from '../engines/files.mjs';
import { expectEqual, flushIfFull, rawSteps } from './common.mjs';

const MiB = 1 << 20;
const pageBytes = 4096;
const pieceBytes = MiB;
const headPages = 2;
const rowText = 'the only row';
const importedName = 'imported.db';

// Where a database's header has its number of pages.
const pageCountAt = 28;

/** A page of a number is recognized by four bytes in its middle. */
const stampAt = pageBytes / 2;

function stamp(view, pieceIndex, offset) {
  const page = (pieceIndex * pieceBytes + offset) / pageBytes;
  if (page >= headPages) view.setUint32(offset + stampAt, page);
}

/** Two pages of a real database: the schema and a table of one row. */
async function makeHead() {
  const { load, start } = await import('../engines/memory.mjs');
  const sqlite3 = await load();
  const engine = await start(sqlite3);
  const connection = await engine.connect();
  await connection.exec(
    `PRAGMA page_size = ${pageBytes}; CREATE TABLE t(text); INSERT INTO t VALUES('${rowText}')`,
  );
  const db = sqlite3.capi.sqlite3_js_db_export(connection.pointer);
  expectEqual(db.length, headPages * pageBytes, 'bytes of the small database');
  return db;
}

/** Gives the database in pieces, always in the same memory; undefined at its end. */
function source(head, bytes) {
  const piece = new Uint8Array(pieceBytes);
  const view = new DataView(piece.buffer);
  let index = 0;
  return () => {
    if (index * pieceBytes >= bytes) return undefined;
    piece.fill(0, 0, head.length);
    if (index === 0) {
      piece.set(head);
      view.setUint32(pageCountAt, bytes / pageBytes);
    }
    for (let offset = 0; offset < pieceBytes; offset += pageBytes) stamp(view, index, offset);
    ++index;
    return piece;
  };
}

/** Checks the stamps of a database that comes in pieces of any size. */
class StampCheck {
  #at = 0;

  visit(piece) {
    const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
    const firstPage = Math.ceil((this.#at - stampAt) / pageBytes);
    for (let page = firstPage; page * pageBytes + stampAt < this.#at + piece.length; ++page) {
      if (page < headPages) continue;
      expectEqual(view.getUint32(page * pageBytes + stampAt - this.#at), page, 'stamp of a page');
    }
    this.#at += piece.length;
  }

  finish(bytes) {
    expectEqual(this.#at, bytes, 'bytes that came out');
  }
}

function writeRaw({ engine, params }, head) {
  const next = source(head, params.bytes);
  let at = 0;
  for (let piece = next(); piece; piece = next()) {
    engine.write(piece, at);
    at += piece.length;
  }
}

async function verifyImported({ engine, params }) {
  const connection = await engine.connect(importedName);
  const [text] = await connection.exec('SELECT text FROM t');
  expectEqual(text, rowText, 'the row of the imported database');
  const pages = await connection.number('PRAGMA page_count');
  expectEqual(pages * pageBytes, params.bytes, 'bytes of the imported database');
  await connection.close();
}

function unfit({ engine, side, id }) {
  if (engine === 'memory') return 'a database in memory';
  if (engine === 'wa-pool') return 'has no way in or out';
  // The journal mode doesn't matter here: one contender of each engine is enough.
  return side === 'limit' ||
    id.endsWith('-delete') ||
    ['official-opfs', 'wa-coop', 'wa-ahead'].includes(id)
    ? null
    : 'the same as with its other settings';
}

const params = {
  quick: { cacheKiB: 2048, bytes: 16 * MiB },
  full: { cacheKiB: 2048, bytes: 256 * MiB },
};

const shared = {
  unit: 'MiB',
  operations: ({ bytes }) => bytes / MiB,
  params,
  // About 108 bytes a row, as the other workloads have them, in whole pieces.
  paramsForSize: (rows) => ({ cacheKiB: 2048, bytes: Math.ceil((rows * 108) / MiB) * MiB }),
  unfit,
};

export const importDatabase = {
  ...shared,
  id: 'import',
  title: 'Import of a large database',
  kind: 'write',
  commits: () => 1,

  async prepare(context) {
    context.head = await makeHead();
  },

  async measure({ engine, head, params }) {
    await engine.importDatabase(importedName, source(head, params.bytes));
  },

  async verify(context) {
    await verifyImported(context);
    const check = new StampCheck();
    await context.engine.exportDatabase(importedName, (piece) => check.visit(piece));
    check.finish(context.params.bytes);
    return { bytes: context.params.bytes };
  },

  // The same bytes: disks may treat zeros otherwise than others.
  raw: rawSteps({
    async prepare(context) {
      context.head = await makeHead();
    },
    async measure(context) {
      writeRaw(context, context.head);
      flushIfFull(context);
    },
  }),
};

export const exportDatabase = {
  ...shared,
  id: 'export',
  title: 'Export of a large database',
  kind: 'read',

  async prepare({ engine, params }) {
    await engine.importDatabase(importedName, source(await makeHead(), params.bytes));
  },

  async measure(context) {
    const { engine } = context;
    let bytes = 0;
    await engine.exportDatabase(importedName, (piece) => {
      bytes += piece.length;
    });
    context.bytes = bytes;
  },

  async verify(context) {
    const check = new StampCheck();
    await context.engine.exportDatabase(importedName, (piece) => check.visit(piece));
    check.finish(context.params.bytes);
    expectEqual(context.bytes, context.params.bytes, 'bytes that came out');
    await verifyImported(context);
    return { bytes: context.params.bytes };
  },

  raw: rawSteps({
    async prepare(context) {
      writeRaw(context, await makeHead());
      context.engine.handle.flush();
    },
    async measure({ engine, params }) {
      const piece = new Uint8Array(exportedAtOnce);
      for (let at = 0; at < params.bytes; at += piece.length) engine.handle.read(piece, { at });
    },
  }),
};
