// sahpool where something is in the way: what fails is named, and is in the way of nothing else.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryDirectory } from '../browser/support/files.mjs';
import { trackProcess } from '../browser/support/processes.mjs';
import { runSql } from './profiles.mjs';
import { runToEnd } from './server-process.mjs';
import {
  TOOL,
  ended,
  endedAfter,
  endedJson,
  exitCode,
  fingerprint,
  makeDatabase,
  makeOpaque,
  unpackFixture,
} from './tool.mjs';

describe('one that fails hides no other', () => {
  test('a pool that is locked', async () => {
    const above = temporaryDirectory('tool');
    for (const name of ['a', 'b']) {
      mkdirSync(join(above, name));
      renameSync(unpackFixture('v2-small').folder, join(above, name, '.opaque'));
    }
    const slot = join(above, 'a/.opaque', readdirSync(join(above, 'a/.opaque'))[0]);
    const find = (...words) => runToEnd('flock', [slot, TOOL, 'find', above, ...words]);
    const { code, stdout } = await find('--json');
    assert.equal(code, exitCode.inUse);
    const [a, b] = JSON.parse(stdout);
    assert.match(a.error, /another process has the pool open/);
    assert.equal(b.databases.length, 2);
    assert.match((await find()).stdout, /\/a .*\n.*\/b .* 2 /);
  });

  test('a slot that may not be read', async () => {
    const { pool, slots } = makeOpaque();
    const slot = readdirSync(slots).find((name) => readFileSync(join(slots, name))[0] === 0);
    execFileSync('chmod', ['000', join(slots, slot)]);
    // Root may read all there is.
    const asNobody =
      process.getuid() === 0
        ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
        : ['env'];
    execFileSync('chmod', ['a+rx', pool, slots]);
    const run = (...words) => runToEnd(asNobody[0], [...asNobody.slice(1), TOOL, ...words]);
    const listed = await run('ls', pool, '--json');
    assert.equal(listed.code, exitCode.failed, listed.stderr);
    const states = JSON.parse(listed.stdout).map(({ state }) => state);
    assert.deepEqual(states.sort(), ['named', 'named', 'unreadable']);
    assert.equal((await run('query', pool, 'app.db', 'SELECT 1')).code, exitCode.failed);
    const out = temporaryDirectory('out');
    execFileSync('chmod', ['a+rwx', out]);
    const recovered = await run('recover', pool, '--to', out, '--json');
    assert.equal(recovered.code, exitCode.damaged);
    const saved = JSON.parse(recovered.stdout);
    assert.equal(saved.filter(({ integrity }) => integrity === 'ok').length, 2);
    assert.match(saved.find(({ file }) => file === null).detail, /Permission denied/);
  });
});

describe('text from a pool', () => {
  // eslint-disable-next-line no-control-regex
  const HARMFUL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u;
  const evil = '\x1b]0;evil\x07\u009b31m\u202egnp.exe';

  test('is escaped wherever it is shown', async () => {
    const above = temporaryDirectory('tool');
    const pool = join(above, `pool${evil}`);
    mkdirSync(pool);
    renameSync(unpackFixture('v2-small').folder, join(pool, '.opaque'));
    const slots = join(pool, '.opaque');
    const [first, second] = readdirSync(slots);
    renameSync(join(slots, first), join(slots, `slot${evil}`));
    const quarantined = readFileSync(join(slots, second));
    quarantined.write(`/name${evil}\0`);
    writeFileSync(join(slots, second), quarantined);
    writeFileSync(join(slots, `foreign${evil}`), Buffer.alloc(9999));
    const bad = join(temporaryDirectory('source'), 'bad.db');
    runSql(bad, [
      'CREATE TABLE t(x)',
      'PRAGMA writable_schema = 1',
      `UPDATE sqlite_master SET sql = 'CREATE TABLE t(${evil}'`,
    ]);
    await ended('import', pool, bad, 'bad.db');
    const out = temporaryDirectory('out');
    rmSync(out, { recursive: true });
    for (const words of [
      ['find', above],
      ['ls', pool, '--all'],
      ['info', above],
      ['check', above],
      ['query', pool, 'bad.db', 'SELECT * FROM t'],
      ['query', pool, 'bad.db', `SELECT '${evil}'`],
      ['ls', above, '--pool', evil],
      ['recover', above, '--to', out],
      ['rm', pool, evil],
      ['unknown', evil],
    ]) {
      for (const json of [[], ['--json']]) {
        const { stdout, stderr } = await ended(...words, ...json);
        assert.doesNotMatch(stdout + stderr, HARMFUL, words.join(' '));
      }
    }
    const [found] = await endedJson('find', above);
    assert.ok(found.pool.includes(evil), 'JSON says what it is');
  });
});

describe('many slots', () => {
  test('no half of a pool is made where there are too few descriptors', async () => {
    const pool = join(temporaryDirectory('tool'), 'pool');
    const { code, stderr } = await endedAfter('ulimit -n 256', 'create', pool, '--capacity', 1000);
    assert.equal(code, exitCode.usage);
    assert.match(stderr, /open files/);
    assert.throws(() => readdirSync(pool));
    const raised = await endedAfter('ulimit -Sn 256', 'create', pool, '--capacity', 1000);
    assert.equal(raised.code, exitCode.done, raised.stderr);
    assert.equal((await endedAfter('ulimit -n 256', 'resize', pool, 2000)).code, exitCode.usage);
    const [entry] = await Promise.all([endedAfter('ulimit -n 256', 'ls', pool)]);
    assert.match(entry.stderr, /\d+ files, .* the first of them: .*ulimit/);
    assert.equal(entry.stderr.trim().split('\n').length, 1);
  });
});

describe('encrypted databases', () => {
  /** A slot whose content is as random as that of SQLCipher's. */
  function makeEncrypted(name = '/app.db') {
    const { pool, slots } = makeOpaque();
    const app = readdirSync(slots)
      .map((slot) => join(slots, slot))
      .find((slot) => readFileSync(slot).toString('latin1').startsWith(`${name}\0`));
    const bytes = readFileSync(app);
    randomBytes(bytes.length - 4096).copy(bytes, 4096);
    writeFileSync(app, bytes);
    return pool;
  }

  test('are not called damaged', async () => {
    const pool = makeEncrypted();
    const { code, stdout } = await ended('check', pool, '--json');
    assert.equal(code, exitCode.done, stdout);
    const [{ databases }] = JSON.parse(stdout);
    assert.equal(
      databases.find(({ name }) => name === '/app.db').integrity,
      'not readable without its key',
    );
    const out = join(temporaryDirectory('out'), 'saved');
    const recovered = await ended('recover', pool, '--to', out, '--json');
    assert.equal(recovered.code, exitCode.done);
    const [saved] = JSON.parse(recovered.stdout).filter(({ name }) => name === '/app.db');
    assert.equal(saved.integrity, 'not readable without its key');
  });
});

describe('a slot that is said to have a terabyte', () => {
  const findSlot = (slots, name) =>
    readdirSync(slots)
      .map((slot) => join(slots, slot))
      .find((slot) => readFileSync(slot).toString('latin1').startsWith(`${name}\0`));
  const TERABYTE = 2 ** 40;
  const bytesOnDisk = (file) => lstatSync(file).blocks * 512;

  test('is copied with its holes', async () => {
    const { pool, slots } = makeOpaque();
    truncateSync(findSlot(slots, '/app.db'), TERABYTE);
    const out = temporaryDirectory('out');
    const exported = join(out, 'app.db');
    assert.equal((await ended('export', pool, 'app.db', exported)).code, exitCode.done);
    assert.equal(lstatSync(exported).size, TERABYTE - 4096);
    assert.ok(bytesOnDisk(exported) < 10e6);
    assert.equal((await ended('check', pool)).code, exitCode.done);
    const saved = join(out, 'saved');
    assert.equal((await ended('recover', pool, '--to', saved)).code, exitCode.done);
    assert.ok(bytesOnDisk(join(saved, 'app.db')) < 10e6);
  });

  test('is no reason to write zeros to a pipe for hours', async () => {
    const { pool, slots } = makeOpaque();
    truncateSync(findSlot(slots, '/app.db'), TERABYTE);
    const { code, stderr } = await ended('export', pool, 'app.db', '-');
    assert.equal(code, exitCode.failed);
    assert.match(stderr, /zeros.*standard output/);
  });

  test('and that belongs to nothing is saved with its holes', async () => {
    const { pool, slots } = makeOpaque('v2-hot');
    rmSync(findSlot(slots, '/app.db'));
    truncateSync(findSlot(slots, '/app.db-journal'), TERABYTE);
    const out = join(temporaryDirectory('out'), 'saved');
    const saved = await endedJson('recover', pool, '--to', out);
    const { file } = saved.find(({ name }) => name === '/app.db-journal');
    assert.ok(bytesOnDisk(file) < 10e6);
  });
});

describe('recover', () => {
  /** A pool with a database that takes a while to write. */
  function makeLargePool() {
    const { pool, slots } = makeOpaque();
    const app = readdirSync(slots)
      .map((slot) => join(slots, slot))
      .find((slot) => readFileSync(slot).toString('latin1').startsWith('/app.db\0'));
    appendFileSync(app, Buffer.alloc(128 << 20, 1));
    return { pool, app };
  }

  /** A slot with a header of version 1 over `content`. */
  function putSlot(slots, slot, name, content, flags = 0x100) {
    const bytes = Buffer.alloc(4096 + content.length);
    bytes.write(name);
    bytes.writeUInt32BE(flags, 512);
    content.copy(bytes, 4096);
    writeFileSync(join(slots, slot), bytes);
  }

  async function recover(pool) {
    const before = fingerprint(pool);
    const out = join(temporaryDirectory('out'), 'saved');
    const { stdout, code } = await ended('recover', pool, '--to', out, '--json');
    assert.equal(fingerprint(pool), before);
    return { out, code, saved: JSON.parse(stdout) };
  }

  test('saves files under names that no file system takes as they are', async () => {
    const pool = temporaryDirectory('tool');
    const slots = join(pool, '.opaque');
    mkdirSync(slots);
    const content = readFileSync(makeDatabase());
    const names = [
      `/${encodeURIComponent('データベース'.repeat(5))}.db`,
      `/${'x'.repeat(400)}.db`,
      `/${'x'.repeat(401)}.db`,
      '/notes/archive.db',
      '/notes',
      '/a',
      '/a/b',
      '/a/b/c',
      '/same.db',
      '/same.db',
      '/x.db',
      '/x.db-journal',
      '/x.db-WAL',
    ];
    for (const [index, name] of names.entries()) putSlot(slots, `slot${index}`, name, content);
    const { saved, code, out } = await recover(pool);
    assert.equal(code, exitCode.done);
    assert.deepEqual(saved.map(({ name }) => name).sort(), names.toSorted());
    assert.equal(new Set(saved.map(({ file }) => file)).size, names.length);
    for (const { file } of saved) {
      assert.ok(file.startsWith(`${out}/`));
      assert.ok(readFileSync(file).equals(content), file);
      assert.doesNotMatch(file, /-(journal|wal|shm)$/i);
    }
    assert.match(saved.find(({ name }) => name === names[0]).file, /データベース/);
  });

  test('puts no journal beside a database', async () => {
    const { pool, slots } = makeOpaque('v2-hot');
    const journal = readdirSync(slots).find((slot) =>
      readFileSync(join(slots, slot)).toString('latin1').startsWith('/app.db-journal\0'),
    );
    writeFileSync(join(slots, 'zz-second'), readFileSync(join(slots, journal)));
    const { saved, code } = await recover(pool);
    assert.equal(code, exitCode.damaged);
    assert.equal(saved.length, 3);
    for (const { file } of saved) assert.doesNotMatch(file, /-(journal|wal|shm)$/);
    assert.match(saved.at(-1).file, /app\.db-journal\.bytes$/);
  });

  /** The tool, writing to `out`, at work on what is not there under its name yet. */
  async function startWriting(out, ...words) {
    const child = spawn(TOOL, words, { stdio: 'ignore' });
    trackProcess(child.pid);
    const ended = once(child, 'exit');
    const descriptors = `/proc/${child.pid}/fd`;
    const isOpen = (name) => {
      try {
        return readlinkSync(join(descriptors, name)).startsWith(`${out}/`);
      } catch {
        return false;
      }
    };
    while (!readdirSync(descriptors).some(isOpen)) await delay(1);
    return { child, ended };
  }

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL']) {
    test(`that is ended by ${signal} leaves nothing, and can be repeated`, async () => {
      const { pool, app } = makeLargePool();
      const out = join(temporaryDirectory('out'), 'saved');
      const { child, ended: end } = await startWriting(out, 'recover', pool, '--to', out);
      child.kill(signal);
      const [, by] = await end;
      assert.equal(by, signal);
      if (signal === 'SIGKILL') {
        assert.deepEqual(readdirSync(out), []);
      } else {
        assert.ok(!existsSync(out));
      }
      truncateSync(app, 1 << 20);
      await ended('recover', pool, '--to', out);
      assert.ok(existsSync(join(out, 'app.db')));
    });

    test(`export that is ended by ${signal} leaves nothing`, async () => {
      const { pool } = makeLargePool();
      const out = temporaryDirectory('out');
      const words = ['export', pool, 'app.db', join(out, 'big.db')];
      const { child, ended: end } = await startWriting(out, ...words);
      child.kill(signal);
      const [, by] = await end;
      assert.equal(by, signal);
      assert.deepEqual(readdirSync(out), []);
    });
  }
});
