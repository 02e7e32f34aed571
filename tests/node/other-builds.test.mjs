// The package in builds of SQLite that others make, each with what it is used for.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { otherBuilds } from './builds.mjs';
import { countRows, databaseBytes, fill, setUp, sqliteError } from './harness.mjs';

/** The same pool, opened in another build after the first one let go of it. */
async function reopenIn(t, version, util, opfs) {
  util.pauseVfs();
  const context = await setUp(t, { version, opfs });
  return { ...context, util: await context.install({ name: 'pool' }) };
}

/** The rows of what exportFile() gives. */
function copiedRows(util, name) {
  util.importDb('copy', util.exportFile(name));
  const db = new util.OpfsSAHPoolDb('copy');
  const count = countRows(db);
  db.close();
  return count;
}

for (const version of otherBuilds.keys()) {
  describe(version, () => {
    test('writes, reads with a second connection, and opens again', async (t) => {
      const { sqlite3, opfs, install } = await setUp(t, { version });
      const util = await install({ name: 'pool', initialCapacity: 10 });
      for (const mode of ['delete', 'wal']) {
        const writer = new util.OpfsSAHPoolDb(mode);
        assert.equal(writer.selectValue(`pragma journal_mode = ${mode}`), mode);
        fill(writer, 500);
        const reader = new util.OpfsSAHPoolDb(mode);
        writer.exec('pragma cache_size = 5; begin immediate');
        assert.equal(countRows(reader), 500);
        assert.throws(() => reader.exec('begin immediate'), sqliteError(sqlite3, 'SQLITE_BUSY'));
        writer.exec('delete from t where id > 100');
        assert.equal(copiedRows(util, mode), 500);
        writer.exec('commit');
        assert.equal(countRows(reader), 100);
        assert.equal(copiedRows(util, mode), 100);
        reader.close();
        writer.close();
      }
      const { util: again } = await reopenIn(t, version, util, opfs);
      for (const mode of ['delete', 'wal']) {
        const db = new again.OpfsSAHPoolDb(mode);
        assert.equal(countRows(db), 100);
        assert.equal(db.selectValue('pragma integrity_check'), 'ok');
        db.close();
      }
    });

    test('imports, and shares its pools with the official build', async (t) => {
      const { sqlite3, opfs, install } = await setUp(t, { version });
      const util = await install({ name: 'pool' });
      util.importDb('theirs', databaseBytes(sqlite3, 200));
      const official = await reopenIn(t, undefined, util, opfs);
      const db = new official.util.OpfsSAHPoolDb('theirs');
      assert.equal(countRows(db), 200);
      db.exec('delete from t where id > 150');
      db.close();
      official.util.importDb('ours', databaseBytes(official.sqlite3, 50));
      const { util: again } = await reopenIn(t, version, official.util, opfs);
      for (const [name, rows] of [
        ['theirs', 150],
        ['ours', 50],
      ]) {
        const reopened = new again.OpfsSAHPoolDb(name);
        assert.equal(countRows(reopened), rows);
        assert.equal(reopened.selectValue('pragma integrity_check'), 'ok');
        reopened.close();
      }
    });
  });
}

/** A database of a build with what `sql` makes, and the same after a new start, beside its copy. */
async function afterNewStart(t, version, sql) {
  const { opfs, install } = await setUp(t, { version });
  const util = await install({ name: 'pool' });
  const db = new util.OpfsSAHPoolDb('a.db');
  db.exec('pragma journal_mode = wal');
  db.exec(sql);
  db.close();
  const { util: again } = await reopenIn(t, version, util, opfs);
  again.importDb('copy.db', again.exportFile('a.db'));
  return ['a.db', 'copy.db'].map((name) => new again.OpfsSAHPoolDb(name));
}

const CHANGED = 'CREATE TABLE c(x text not null)';

describe('what SQLite does not have', () => {
  test('vectors and their index, random rowids and changed columns of libSQL', async (t) => {
    const databases = await afterNewStart(
      t,
      '@libsql/libsql-wasm-experimental',
      `create table v(id integer primary key, e float32(3));
       create index v_index on v(libsql_vector_idx(e));
       with recursive n(i) as (select 1 union all select i + 1 from n where i < 60)
         insert into v select i, vector32('[' || i || ',' || (2 * i) || ',' || (i % 7) || ']') from n;
       create table r(x) random rowid;
       insert into r values (1), (2), (3);
       create table c(x integer);
       alter table c alter column x to x text not null`,
    );
    for (const db of databases) {
      const nearest = db.selectValues(
        "select id from vector_top_k('v_index', vector32('[50,100,1]'), 1)",
      );
      assert.deepEqual(nearest, [50]);
      assert.equal(db.selectValue('select count(distinct rowid) from r where abs(rowid) > 9'), 3);
      assert.equal(db.selectValue("select sql from sqlite_schema where name = 'c'"), CHANGED);
      assert.equal(db.selectValue('pragma integrity_check'), 'ok');
    }
  });

  test('tables of sqlite-vec', async (t) => {
    const databases = await afterNewStart(
      t,
      'sqlite-vec-wasm',
      `create virtual table v using vec0(e float[3]);
       insert into v(rowid, e) values (1, '[1, 2, 3]'), (2, '[9, 9, 9]')`,
    );
    for (const db of databases) {
      const nearest = `select rowid from v where e match '[8, 8, 8]' order by distance limit 1`;
      assert.deepEqual(db.selectValues(nearest), [2]);
    }
  });

  test('functions of sqlite-vector and sqlite-sync', async (t) => {
    const databases = await afterNewStart(
      t,
      '@sqliteai/sqlite-wasm',
      `create table v(id text primary key, e blob);
       insert into v values ('a', vector_as_f32('[1, 2, 3]')), ('b', vector_as_f32('[9, 9, 9]'));
       select vector_init('v', 'e', 'type=FLOAT32,dimension=3');
       create table s(id text primary key not null, x text not null default '');
       select cloudsync_init('s');
       insert into s values (cloudsync_uuid(), 'x');
       select cloudsync_terminate()`,
    );
    for (const db of databases) {
      db.exec("select vector_init('v', 'e', 'type=FLOAT32,dimension=3')");
      const nearest = `select v.id from v join
        vector_full_scan('v', 'e', vector_as_f32('[8, 8, 8]'), 1) n on v.rowid = n.rowid`;
      assert.deepEqual(db.selectValues(nearest), ['b']);
      assert.ok(db.selectValue('select count(*) from cloudsync_changes') > 0);
      // It keeps statements, with which no connection is closed.
      db.exec('select cloudsync_terminate()');
    }
  });
});
