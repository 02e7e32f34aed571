// The package in each SQLite version that it supports.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { attach } from '../../npm/dist/index.js';
import {
  countRows,
  databaseBytes,
  fill,
  loadOfficial,
  loadSqlite,
  rowsInBytes,
  setUp,
  sideModule,
  sqliteError,
  useStandIns,
  versions,
} from './harness.mjs';

/** It was built without it. */
const NO_WAL = '3.42';
/** The official VFS has been there since 3.43. */
const NO_OFFICIAL_VFS = '3.42';
/** Up to here the official VFS takes what that of 3.50 wrote, and what sahpool wrote, for damaged. */
const OLD_HEADERS = ['3.49', '3.48', '3.47', '3.46', '3.45', '3.44', '3.43'];

for (const version of versions.keys()) {
  describe(`SQLite ${version}`, () => {
    test('attach() gives the same namespace, as often as it is called', async () => {
      const sqlite3 = await loadSqlite(version);
      const official = sqlite3.installOpfsSAHPoolVfs;
      const [first, second] = await Promise.all([
        attach(sqlite3, { wasm: sideModule }),
        attach(sqlite3, { wasm: sideModule }),
      ]);
      assert.equal(first, sqlite3);
      assert.equal(second, sqlite3);
      const ours = sqlite3.installOpfsSAHPoolVfs;
      assert.notEqual(ours, official);
      await attach(sqlite3, { wasm: sideModule });
      assert.equal(sqlite3.installOpfsSAHPoolVfs, ours);
    });

    test('databases survive a pause and a new start', async (t) => {
      const { sqlite3, opfs, install } = await setUp(t, { version });
      const util = await install({ name: 'pool', directory: 'some/where' });
      const db = new sqlite3.oo1.DB('my database.db', 'c', 'pool');
      fill(db, 500);
      db.close();
      util.pauseVfs();
      await util.unpauseVfs();
      const again = new util.OpfsSAHPoolDb('my database.db');
      assert.equal(countRows(again), 500);
      again.close();
      util.pauseVfs();

      const other = await setUp(t, { version, opfs });
      const otherUtil = await other.install({ name: 'pool', directory: '/some//where/' });
      assert.deepEqual(otherUtil.getFileNames(), ['/my%20database.db']);
      const reopened = new otherUtil.OpfsSAHPoolDb({ filename: 'my database.db', flags: 'w' });
      assert.equal(countRows(reopened), 500);
      reopened.close();
    });

    test('memory growth between calls is noticed', async (t) => {
      const { sqlite3, install } = await setUp(t, { version });
      const util = await install();
      const db = new util.OpfsSAHPoolDb('a.db');
      fill(db, 1000);
      const before = sqlite3.wasm.heap8u().length;
      const block = sqlite3.wasm.alloc(before);
      assert.ok(sqlite3.wasm.heap8u().length > before);
      db.exec("update t set text = text || 'x'");
      assert.equal(rowsInBytes(sqlite3, util.exportFile('a.db')), 1000);
      assert.equal(db.selectValue('pragma integrity_check'), 'ok');
      sqlite3.wasm.dealloc(block);
      db.close();
    });

    test('two connections share a database, in WAL mode too', async (t) => {
      const { sqlite3, install } = await setUp(t, { version });
      const util = await install();
      for (const mode of version === NO_WAL ? ['delete'] : ['delete', 'wal']) {
        const writer = new util.OpfsSAHPoolDb(`${mode}.db`);
        assert.equal(writer.selectValue(`pragma journal_mode = ${mode}`), mode);
        fill(writer, 100);
        const reader = new util.OpfsSAHPoolDb(`${mode}.db`);
        writer.exec("begin immediate; insert into t values(1000, 'new')");
        assert.equal(countRows(reader), 100);
        assert.throws(() => reader.exec('begin immediate'), sqliteError(sqlite3, 'SQLITE_BUSY'));
        writer.exec('commit');
        assert.equal(countRows(reader), 101);
        reader.close();
        writer.close();
      }
    });

    test('databases are opened by name, by options, and without a name in memory', async (t) => {
      const { install } = await setUp(t, { version });
      const util = await install({ name: 'a' });
      const openings = [
        [['x.db'], 'x.db'],
        [['x.db', 'w'], 'x.db'],
        [[{ filename: 'x.db' }], 'x.db'],
        [[], ':memory:'],
        [[{}], ':memory:'],
      ];
      for (const [args, filename] of openings) {
        const db = new util.OpfsSAHPoolDb(...args);
        assert.equal(db.filename, filename);
        db.exec('create table if not exists t(text)');
        db.close();
      }
      assert.deepEqual(util.getFileNames(), ['/x.db']);
    });

    test('sqlite3_errmsg() says what the pool knows', async (t) => {
      const { sqlite3, install } = await setUp(t, { version });
      const util = await install();
      assert.throws(
        () => new util.OpfsSAHPoolDb('none.db', 'r'),
        sqliteError(sqlite3, 'SQLITE_CANTOPEN', /there is no file \/none\.db/),
      );
      // Text of failures that have nothing to do with the pool is SQLite's own.
      const memory = new sqlite3.oo1.DB(':memory:');
      assert.throws(() => memory.exec('nonsense'), { message: /near "nonsense": syntax error$/ });
      memory.close();
    });

    test(
      'pools go to the official VFS and back',
      { skip: version === NO_OFFICIAL_VFS },
      async (t) => {
        const { opfs } = useStandIns(t);
        const official = await loadOfficial(version);
        const names = ['/plain.db', '/a b/ünïcode-ß.db'];
        const officialUtil = await official.installOpfsSAHPoolVfs({
          name: 'pool',
          directory: 'dir',
        });
        for (const name of names) {
          const db = new official.oo1.DB(name, 'c', 'pool');
          fill(db, 300);
          db.close();
        }
        const officialNames = officialUtil.getFileNames().sort();
        opfs.dropHandles();

        const { sqlite3, install } = await setUp(t, { version, opfs });
        const util = await install({ name: 'pool', directory: 'dir' });
        assert.deepEqual(util.getFileNames().sort(), officialNames);
        for (const name of names) {
          const db = new sqlite3.oo1.DB(name, 'w', 'pool');
          assert.equal(countRows(db), 300);
          db.exec('delete from t where id > 200');
          db.close();
        }
        util.importDb('/imported.db', databaseBytes(sqlite3, 50));
        util.pauseVfs();
        if (OLD_HEADERS.includes(version)) return;

        const again = await loadOfficial(version);
        await again.installOpfsSAHPoolVfs({ name: 'pool', directory: 'dir' });
        for (const [name, rows] of [...names.map((it) => [it, 200]), ['/imported.db', 50]]) {
          const db = new again.oo1.DB(name, 'w', 'pool');
          assert.equal(countRows(db), rows);
          assert.equal(db.selectValue('pragma integrity_check'), 'ok');
          db.close();
        }
        opfs.dropHandles();
      },
    );
  });
}
