// The adapter for wa-sqlite, with each of its builds that Node can run.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { describe, test } from 'node:test';

import * as SQLite from '@journeyapps/wa-sqlite';

import { IncompatibleSqliteError } from '../../npm/dist/index.js';
import { loadWaSqlite } from '../../npm/dist/wa-sqlite/index.js';
import { sideModule, useStandIns } from './harness.mjs';

const dist = new URL('../../node_modules/@journeyapps/wa-sqlite/dist/', import.meta.url);

async function load(build, options) {
  const { default: factory } = await import(new URL(`${build}.mjs`, dist));
  const sqlite = fs.readFileSync(new URL(`${build}.wasm`, dist));
  const { module, installOpfsSAHPoolVfs } = await loadWaSqlite(factory, {
    sqlite,
    wasm: sideModule,
    ...options,
  });
  return { sqlite3: SQLite.Factory(module), installOpfsSAHPoolVfs };
}

/** The rows of all statements. */
async function run(sqlite3, db, sql) {
  const rows = [];
  await sqlite3.exec(db, sql, (row) => rows.push(row));
  return rows;
}

const ROWS = `create table t(id integer primary key, text);
  with recursive n(i) as (select 1 union all select i + 1 from n where i < 500)
    insert into t select i, hex(zeroblob(50)) from n;`;

for (const build of [
  'wa-sqlite',
  'wa-sqlite-dynamic-main',
  'wa-sqlite-async',
  'wa-sqlite-async-dynamic-main',
  'mc-wa-sqlite',
]) {
  describe(build, () => {
    test('writes, reads with a second connection, exports, imports and opens again', async (t) => {
      useStandIns(t);
      const { sqlite3, installOpfsSAHPoolVfs } = await load(build);
      const util = await installOpfsSAHPoolVfs({ name: 'pool', initialCapacity: 10 });
      assert.equal(util.OpfsSAHPoolDb, undefined);
      for (const mode of ['delete', 'wal']) {
        const [writer, reader] = [
          await sqlite3.open_v2(mode, undefined, 'pool'),
          await sqlite3.open_v2(mode, undefined, 'pool'),
        ];
        assert.deepEqual(await run(sqlite3, writer, `pragma journal_mode = ${mode}`), [[mode]]);
        await run(sqlite3, writer, ROWS);
        await run(sqlite3, writer, 'begin immediate; delete from t where id > 100');
        assert.deepEqual(await run(sqlite3, reader, 'select count(*) from t'), [[500]]);
        await assert.rejects(run(sqlite3, reader, 'begin immediate'), { code: SQLite.SQLITE_BUSY });
        util.importDb(`${mode}-copy`, util.exportFile(mode));
        await run(sqlite3, writer, 'commit');
        assert.deepEqual(await run(sqlite3, reader, 'select count(*) from t'), [[100]]);
        await sqlite3.close(reader);
        await sqlite3.close(writer);
      }
      util.pauseVfs();
      await util.unpauseVfs();
      for (const [name, rows] of [
        ['delete', 100],
        ['delete-copy', 500],
        ['wal', 100],
        ['wal-copy', 500],
      ]) {
        const db = await sqlite3.open_v2(name, SQLite.SQLITE_OPEN_READWRITE, 'pool');
        assert.deepEqual(await run(sqlite3, db, 'select count(*) from t'), [[rows]]);
        assert.deepEqual(await run(sqlite3, db, 'pragma integrity_check'), [['ok']]);
        await sqlite3.close(db);
      }
      util.pauseVfs();
    });
  });
}

test('errors of pools have the code under both names', async (t) => {
  useStandIns(t);
  const { installOpfsSAHPoolVfs } = await load('wa-sqlite');
  const util = await installOpfsSAHPoolVfs();
  const code = SQLite.SQLITE_NOTADB;
  assert.throws(() => util.importDb('x', new Uint8Array(512)), { code, resultCode: code });
  util.pauseVfs();
});

test('a build that hides its functions is refused with their names', async () => {
  const factory = async ({ instantiateWasm }) => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    await new Promise((resolve) => instantiateWasm({ env: { memory } }, resolve));
    return {};
  };
  await assert.rejects(
    loadWaSqlite(factory, { sqlite: Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), wasm: sideModule }),
    (error) => {
      assert.ok(error instanceof IncompatibleSqliteError);
      assert.match(error.message, /lack these functions: .*sqlite3_vfs_register/);
      assert.match(error.message, /function table/);
      return true;
    },
  );
});

test('a module that can not be fetched or compiled ends the loading', async () => {
  const { default: factory } = await import(new URL('wa-sqlite.mjs', dist));
  const options = { wasm: sideModule, module: { printErr() {} } };
  await assert.rejects(
    loadWaSqlite(factory, { ...options, sqlite: new Uint8Array(8) }),
    WebAssembly.CompileError,
  );
  const silent = async () => ({});
  const sqlite = new Uint8Array(8);
  await assert.rejects(loadWaSqlite(silent, { ...options, sqlite }), /instantiateWasm/);
});
