// sahpool create, resize, import and rm.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryDirectory } from '../browser/support/files.mjs';
import { runToEnd } from './server-process.mjs';
import { TOOL, exitCode, fingerprint, json, output, sahpool, unpackFixture } from './tool.mjs';

// Leaves a database with a row in its WAL and one in the file, as if the program had been killed.
const MAKE_WAL_DATABASE = `
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.executescript("PRAGMA journal_mode = WAL; CREATE TABLE t(x); INSERT INTO t VALUES ('file');"
                 "PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO t VALUES ('wal')")
os._exit(0)`;

function makePool(capacity) {
  const folder = join(temporaryDirectory('tool'), 'pool');
  return { folder, created: output('create', folder, '--capacity', capacity) };
}

const namesIn = async (folder) => (await json('ls', folder)).map(({ name }) => name);

describe('create and resize', () => {
  test('a new pool has as many free slots as asked for', async () => {
    const { folder, created } = makePool(3);
    await created;
    assert.deepEqual(readdirSync(folder), ['.opaque']);
    const { capacity, free } = await json('info', folder);
    assert.deepEqual([capacity, free], [3, 3]);
    assert.equal((await json('check', folder))[0].ok, true);
    const again = await sahpool('create', folder, '--capacity', '3');
    assert.equal(again.code, exitCode.exists);
  });

  test('a pool that several make at once is made by one', async () => {
    const makeAll = `for n in 3 4 5 6; do
      { "$0" create "$1" --capacity $n 2> /dev/null && echo $n || echo "$n: $?" >> "$1.codes"; } &
    done; wait`;
    for (let round = 0; round < 12; ++round) {
      const folder = join(temporaryDirectory('tool'), 'pool');
      const { stdout } = await runToEnd('bash', ['-c', makeAll, TOOL, folder]);
      assert.match(stdout, /^\d\n$/, 'one of them did');
      assert.equal((await json('info', folder)).capacity, Number(stdout));
      const others = readFileSync(`${folder}.codes`, 'utf8').trim().split('\n');
      assert.equal(others.length, 3);
      for (const other of others) assert.match(other, /: (4|6)$/);
    }
  });

  test('no name is not the current folder', async () => {
    const cwd = temporaryDirectory('tool');
    const { status } = spawnSync(TOOL, ['create', '', '--capacity', '3'], { cwd });
    assert.equal(status, exitCode.usage);
    assert.deepEqual(readdirSync(cwd), []);
  });

  test('resize makes and removes free slots only', async () => {
    const { folder } = unpackFixture('v2-small');
    const pool = join(temporaryDirectory('tool'), 'pool');
    await output('create', pool, '--capacity', 2);
    await output('export', folder, 'app.db', join(pool, 'app.db'));
    await output('import', pool, join(pool, 'app.db'), 'app.db');
    for (const capacity of [5, 1]) {
      await output('resize', pool, capacity);
      assert.equal((await json('info', pool)).capacity, capacity);
    }
    await output('import', pool, join(pool, 'app.db'), 'app.db', '--force').catch(({ message }) =>
      assert.match(message, /the pool is full/),
    );
    await output('resize', pool, 2);
    await output('import', pool, join(pool, 'app.db'), 'other.db');
    const { code, stderr } = await sahpool('resize', pool, '1');
    assert.equal(code, exitCode.usage);
    assert.match(stderr, /2 of its 2 slots are in use/);
    assert.deepEqual(await namesIn(pool), ['/app.db', '/other.db']);
  });

  test('a folder of copied slots is not resized', async () => {
    const { folder } = unpackFixture('v2-small');
    const before = fingerprint(folder);
    assert.equal((await sahpool('resize', folder, '9')).code, exitCode.usage);
    assert.equal(fingerprint(folder), before);
  });
});

describe('import and rm', () => {
  const source = join(temporaryDirectory('source'), 'wal.db');
  execFileSync('python3', ['-c', MAKE_WAL_DATABASE, source]);
  const all = 'SELECT group_concat(x) AS xs FROM t';

  test('imports what is committed, the WAL included, and leaves the source alone', async () => {
    const { folder, created } = makePool(2);
    await created;
    const before = fingerprint(source);
    await output('import', folder, source, 'dir/wal.db');
    assert.deepEqual(await json('query', folder, 'dir/wal.db', all), [{ xs: 'file,wal' }]);
    assert.equal(fingerprint(source), before);
  });

  test('finds the WAL of a database that a link leads to, where SQLite does', async () => {
    const { folder, created } = makePool(2);
    await created;
    const links = temporaryDirectory('source');
    symlinkSync(source, join(links, 'link.db'));
    symlinkSync('link.db', join(links, 'second.db'));
    for (const name of ['link.db', 'second.db']) {
      await output('import', folder, join(links, name), name);
      assert.deepEqual(await json('query', folder, name, all), [{ xs: 'file,wal' }]);
    }
  });

  test('imports from the standard input', async () => {
    const { folder, created } = makePool(2);
    await created;
    const { folder: fixture } = unpackFixture('v2-small');
    const bytes = execFileSync(TOOL, ['export', fixture, 'app.db', '-'], { maxBuffer: 1 << 24 });
    execFileSync(TOOL, ['import', folder, '-', 'app.db'], { input: bytes });
    const back = execFileSync(TOOL, ['export', folder, 'app.db', '-'], { maxBuffer: 1 << 24 });
    assert.ok(back.equals(bytes));
  });

  test('replaces nothing without --force', async () => {
    const { folder } = unpackFixture('v2-hot');
    const before = fingerprint(folder);
    assert.equal((await sahpool('import', folder, source, 'app.db')).code, exitCode.exists);
    assert.equal(fingerprint(folder), before);
    await output('import', folder, source, '/app.db', '--force');
    assert.deepEqual(await json('query', folder, 'app.db', all), [{ xs: 'file,wal' }]);
    assert.ok(!(await namesIn(folder)).includes('/app.db-journal'), 'the old journal went too');
  });

  test('what is no database does not come in', async () => {
    const { folder, created } = makePool(2);
    await created;
    const text = join(temporaryDirectory('source'), 'text.db');
    writeFileSync(text, 'x'.repeat(4096));
    assert.equal((await sahpool('import', folder, text, 'x.db')).code, exitCode.damaged);
    writeFileSync(text, readFileSync(source).subarray(0, 4096));
    assert.equal((await sahpool('import', folder, text, 'x.db')).code, exitCode.damaged);
    const missing = await sahpool('import', folder, join(folder, 'missing'), 'x.db');
    assert.equal(missing.code, exitCode.notFound);
    assert.equal((await sahpool('import', folder, source, 'x'.repeat(600))).code, exitCode.usage);
    assert.equal((await json('info', folder)).free, 2);
  });

  test('rm deletes a database with its journal', async () => {
    const { folder } = unpackFixture('v2-hot');
    await output('rm', folder, 'app.db');
    assert.deepEqual(await namesIn(folder), ['/dir/with%20space/%C3%BCn%C3%AFcode-%C3%9F.db']);
    assert.equal((await sahpool('rm', folder, 'app.db')).code, exitCode.notFound);
  });

  test('rm deletes what a killed process has left', async () => {
    const { folder, created } = makePool(4);
    await created;
    await output('import', folder, source, 'app.db');
    const [{ slot }] = await json('ls', folder);
    const slots = join(folder, '.opaque');
    copyFileSync(join(slots, slot), join(slots, 'zz-second'));
    // A header of version 1: path, flags (SQLITE_OPEN_SUPER_JOURNAL) and no digest.
    const superJournal = Buffer.alloc(4096 + 30);
    superJournal.write('/app.db-mj012345678');
    superJournal.writeUInt32BE(0x4000, 512);
    superJournal.write('/app.db-journal\0/b.db-journal\0', 4096);
    writeFileSync(join(slots, 'super-journal'), superJournal);
    const left = ['/app.db-mj012345678', '/app.db.duplicate-1'];
    assert.deepEqual((await namesIn(folder)).sort(), ['/app.db', ...left]);
    for (const name of left) await output('rm', folder, name);
    const info = await json('info', folder);
    assert.deepEqual([info.capacity, info.files, info.free], [6, 1, 5]);
    assert.deepEqual(await json('query', folder, 'app.db', all), [{ xs: 'file,wal' }]);
  });

  test('a folder that looks like a profile of a running browser is not written to', async () => {
    const { folder } = unpackFixture('v2-small');
    const profile = temporaryDirectory('profile');
    mkdirSync(join(profile, 'Default'));
    execFileSync('cp', ['-r', folder, join(profile, 'Default/slots')]);
    execFileSync('ln', ['-s', `elsewhere-${process.pid}`, join(profile, 'SingletonLock')]);
    const refused = await sahpool('rm', profile, 'app.db');
    assert.equal(refused.code, exitCode.inUse);
    assert.match(refused.stderr, /Chromium may be running on elsewhere/);
    assert.match((await sahpool('ls', profile)).stderr, /may be changing meanwhile/);
  });
});
