// sahpool on profiles of real browsers: running, copied in the middle of a transaction, and closed.
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { browserNames, launchBrowser } from '../browser/support/browsers.mjs';
import { temporaryDirectory } from '../browser/support/files.mjs';
import { Session } from '../browser/support/session.mjs';
import { exitCode, fingerprint, json, output, sahpool } from './tool.mjs';

const ROWS = 300;
const COMMITTED = { rows: ROWS, sum: (1.5 * ROWS * (ROWS + 1)) / 2 };
const COUNT = 'SELECT count(*) AS rows, sum(qty) AS sum FROM item';

/** Runs in the worker: two pools of one origin, each in the middle of a transaction. */
async function makePools({ sqlite3, tools, kept }, rowCount) {
  for (const [directory, mode] of [
    ['rollback', 'DELETE'],
    ['apps/wal', 'WAL'],
  ]) {
    const pool = await tools.installPool(sqlite3, directory, { name: mode });
    const db = new pool.OpfsSAHPoolDb('app.db');
    db.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = ${mode}`);
    tools.fillItems(db, rowCount, directory);
    db.exec('PRAGMA cache_size = 2; BEGIN; UPDATE item SET qty = 0');
    kept[mode] = db;
  }
  // A file that is no slot, beside them.
  const root = await navigator.storage.getDirectory();
  const stream = await (await root.getFileHandle('notes.txt', { create: true })).createWritable();
  await stream.write('/app.db'.padEnd(5000, '\0'));
  await stream.close();
}

/** Runs in the worker: what the app finds after the tool has written. */
async function readImported({ sqlite3, tools }) {
  const pool = await tools.installPool(sqlite3, 'rollback', { name: 'read' });
  const db = new pool.OpfsSAHPoolDb('imported.db');
  const seen = { names: pool.getFileNames(), ...tools.summary(db) };
  db.close();
  return seen;
}

describe('browsers', { concurrency: browserNames.length }, () => {
  for (const name of browserNames) {
    describe(name, { concurrency: 1 }, () => {
      const session = new Session(name);
      const copy = join(temporaryDirectory('copy'), 'profile');
      const idOf = (directory) => `${session.origin}/${directory}`;
      const query = (profile, directory) =>
        json('query', profile, 'app.db', COUNT, '--pool', directory);

      before(
        async () => {
          await session.start();
          await (await session.startWorker()).evaluate(makePools, ROWS);
          cpSync(session.profile, copy, { recursive: true, verbatimSymlinks: true });
        },
        { timeout: 90_000 },
      );
      after(() => session.stop());

      test('find tells the pools of one origin apart, and says what is in use', async () => {
        const pools = await json('find', session.profile);
        assert.deepEqual(
          pools.map(({ pool, slots, databases }) => ({ pool, slots, databases })),
          ['apps/wal', 'rollback'].map((directory) => ({
            pool: idOf(directory),
            slots: 6,
            databases: ['/app.db'],
          })),
        );
        assert.ok(pools.every((pool) => pool.in_use));
        assert.ok((await json('find', copy)).every((pool) => !pool.in_use));
      });

      test('the profile of a running browser is read with a warning, and never written', async () => {
        const listed = await sahpool('ls', session.profile, '--pool', 'rollback');
        assert.equal(listed.code, exitCode.done);
        assert.match(listed.stderr, new RegExp(`${name} is (running|using)`, 'i'));
        for (const words of [
          ['rm', session.profile, 'app.db'],
          ['import', session.profile, '/dev/null', 'new.db'],
        ]) {
          const refused = await sahpool(...words, '--pool', 'rollback');
          assert.notEqual(refused.code, exitCode.done);
        }
        const { code, stderr } = await sahpool(
          'rm',
          session.profile,
          'app.db',
          '--pool',
          'rollback',
        );
        assert.equal(code, exitCode.inUse);
        assert.match(stderr, /not changed while it is in use/);
      });

      for (const [directory, companion] of [
        ['rollback', '/app.db-journal'],
        ['apps/wal', '/app.db-wal'],
      ]) {
        test(`a copy made during a transaction gives what was committed: ${directory}`, async () => {
          const untouched = fingerprint(copy);
          const files = await json('ls', copy, '--pool', idOf(directory));
          assert.deepEqual(
            files.map((file) => file.name),
            ['/app.db', companion],
          );
          assert.deepEqual(await query(copy, directory), [COMMITTED]);
          const out = join(temporaryDirectory('out'), 'app.db');
          await output('export', copy, 'app.db', out, '--pool', directory);
          const pool = join(temporaryDirectory('tool'), 'pool');
          await output('create', pool, '--capacity', 1);
          await output('import', pool, out, 'app.db');
          assert.deepEqual(await json('query', pool, 'app.db', COUNT), [COMMITTED]);
          assert.equal(fingerprint(copy), untouched);
        });
      }

      test('check and recover go through all pools of a copy', async () => {
        const untouched = fingerprint(copy);
        assert.ok((await json('check', copy)).every(({ ok }) => ok));
        const saved = await json('recover', copy, '--to', join(temporaryDirectory('out'), 'saved'));
        assert.deepEqual(
          saved.map((file) => [file.name, file.integrity]),
          [
            ['/app.db', 'ok'],
            ['/app.db', 'ok'],
          ],
        );
        assert.equal(fingerprint(copy), untouched);
      });

      test('the files of an origin, without what the browser knows about them', async () => {
        const [{ folder }] = await json('find', copy);
        const [inner] = await json('ls', copy, '--pool', 'rollback');
        assert.ok(inner.bytes > 0);
        const part = join(temporaryDirectory('tool'), 'part');
        const isKnowledge = (path) => /metadata\.sqlite|\/Paths/.test(path);
        cpSync(folder, part, { recursive: true, filter: (path) => !isKnowledge(path) });
        const [{ pool, slots }] = await json('find', part);
        // The two can't be told apart any more: they look like one.
        assert.deepEqual([pool, slots], [part, 12]);
        const [first, second] = await json('ls', part);
        assert.deepEqual([first.name, second.name], ['/app.db', '/app.db-journal']);
      });

      test('slots are not added to a profile', async () => {
        const refused = await sahpool('resize', copy, '9', '--pool', 'rollback');
        assert.equal(refused.code, exitCode.usage);
        assert.match(refused.stderr, /addCapacity/);
      });

      test('the app finds what was imported while the browser was closed', async () => {
        const source = join(temporaryDirectory('out'), 'app.db');
        await output('export', copy, 'app.db', source, '--pool', 'rollback');
        session.pages.clear();
        await session.browser.close();
        await output('import', session.profile, source, 'imported.db', '--pool', 'rollback');
        await output('rm', session.profile, 'app.db', '--pool', 'rollback');
        session.browser = await launchBrowser(name, session.profile);
        const seen = await (await session.startWorker()).evaluate(readImported);
        assert.deepEqual(seen, { names: ['/imported.db'], ...COMMITTED, integrity: 'ok' });
      });
    });
  }
});
