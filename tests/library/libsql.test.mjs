// libSQL and SQLite natively on the same pools. libSQL's package for Node.js exports no function of
// SQLite, but loads extensions, and the library in one of them registers its VFS there.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { join } from 'node:path';
import { runCommand } from '../browser/support/commands.mjs';
import { repositoryRoot, temporaryDirectory } from '../browser/support/files.mjs';
import { json, output } from '../tools/tool.mjs';
import { nativeLoadable } from './support/native-projects.mjs';

let built;
before(
  async () => {
    built = await nativeLoadable();
  },
  { timeout: 600_000 },
);

/** Runs the README's program, an SQLite user, over the pool in `folder`. */
async function addNoteBySqlite(folder) {
  assert.equal(await runCommand(join(built, 'app'), [], folder), 'notes written: 1\n');
}

/** What statements give in libSQL: a process of its own, which lets go of the pool at its end. */
async function runLibsql(pool, statements) {
  const program = `
    const Database = require('libsql');
    new Database(':memory:').loadExtension(${JSON.stringify(join(built, 'libloadable'))});
    const db = new Database('file:my-database.db?vfs=pool');
    const values = (sql) => {
      const statement = db.prepare(sql);
      if (statement.reader) return statement.raw().all().flat();
      statement.run();
      return [];
    };
    console.log(JSON.stringify(${JSON.stringify(statements)}.flatMap(values)));
    db.close();`;
  const words = [`POOL_DIRECTORY=${pool}`, process.execPath, '-e', program];
  return JSON.parse(await runCommand('env', words, repositoryRoot));
}

test("the README's example by FetchContent(), with g++-12", () =>
  addNoteBySqlite(temporaryDirectory('readme-run')));

for (const mode of ['delete', 'wal']) {
  test(`pools written by libSQL and by SQLite, the other way round: ${mode}`, async () => {
    const folder = temporaryDirectory('libsql');
    const pool = join(folder, 'my-app-data');
    await addNoteBySqlite(folder);
    const seen = await runLibsql(pool, [
      'select text from note',
      `pragma journal_mode = ${mode}`,
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
         insert into note select 'libSQL ' || i from n`,
      'create index note_text on note(text)',
      'select count(*) from note',
    ]);
    assert.deepEqual(seen, ['Hello', mode, 3001]);

    await addNoteBySqlite(folder);
    await output('check', pool);
    const query = "select count(*) as count, max(text) as last from note where text >= 'H'";
    const rows = await json('query', pool, 'my-database.db', query);
    assert.deepEqual(rows, [{ count: 3002, last: 'libSQL 999' }]);
    const statements = ['select count(*) from note', 'pragma integrity_check'];
    assert.deepEqual(await runLibsql(pool, statements), [3002, 'ok']);
  });
}
