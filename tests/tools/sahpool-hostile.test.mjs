// sahpool on pools and profiles that somebody has filled with what is not theirs to be written to,
// read or waited for.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryDirectory } from '../browser/support/files.mjs';
import { makeChromiumProfile, makeFirefoxProfile, runSql } from './profiles.mjs';
import {
  ended,
  endedAfter,
  endedJson,
  exitCode,
  fingerprint,
  makeDatabase,
  makeOpaque,
  unpackFixture,
} from './tool.mjs';

/** Files that nobody would take for slots, by their names. */
function putForeignFiles(folder) {
  const zerosThenText = Buffer.alloc(20_000);
  zerosThenText.write('a disk image has something behind its first sectors', 8192);
  const files = {
    'disk.img': Buffer.alloc(132_768),
    'download.part': Buffer.alloc(1 << 20),
    'image.raw': zerosThenText,
    'notes.txt': Buffer.from('notes'),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return () => {
    for (const [name, bytes] of Object.entries(files)) {
      assert.ok(readFileSync(join(folder, name)).equals(bytes), name);
    }
  };
}

describe('what is no slot is never written to', () => {
  for (const place of ['a folder of slots', '.opaque']) {
    test(`foreign files in ${place}`, async () => {
      const { pool, slots } =
        place === '.opaque'
          ? makeOpaque()
          : ((folder) => ({ pool: folder, slots: folder }))(unpackFixture('v2-small').folder);
      const assertWhole = putForeignFiles(slots);
      const source = makeDatabase();
      await ended('rm', pool, 'missing.db');
      await ended('rm', pool, 'app.db');
      for (const name of ['a.db', 'b.db', 'c.db', 'd.db', 'e.db'])
        await ended('import', pool, source, name);
      await ended('import', pool, source, 'a.db', '--force');
      if (place === '.opaque') for (const count of [9, 6]) await ended('resize', pool, count);
      assertWhole();
      const { stdout } = await ended('check', pool);
      assert.match(stdout, /disk\.img.*no slot, and left alone/);
    });
  }

  test('links in .opaque, and what they lead to', async () => {
    const { pool, slots } = makeOpaque();
    const outside = temporaryDirectory('outside');
    const slot = readdirSync(slots)[0];
    copyFileSync(join(slots, slot), join(outside, 'slot'));
    writeFileSync(join(outside, 'free'), Buffer.alloc(4096));
    symlinkSync(join(outside, 'slot'), join(slots, 'link-to-slot'));
    symlinkSync(join(outside, 'free'), join(slots, 'link-to-free'));
    const before = fingerprint(outside);
    const source = makeDatabase();
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await ended('import', pool, source, name);
    for (const name of ['app.db', 'a', 'b']) await ended('rm', pool, name);
    await ended('resize', pool, 20);
    assert.equal(fingerprint(outside), before);
    assert.match((await ended('check', pool)).stdout, /link-to-slot: no slot.*not a regular file/);
  });

  test('a slot that is a file elsewhere too', async () => {
    const { pool, slots } = makeOpaque();
    const elsewhere = temporaryDirectory('outside');
    for (const slot of readdirSync(slots)) linkSync(join(slots, slot), join(elsewhere, slot));
    const before = fingerprint(elsewhere);
    const refused = await ended('rm', pool, 'app.db');
    assert.equal(refused.code, exitCode.usage);
    assert.match(refused.stderr, /hard link/);
    assert.equal(fingerprint(elsewhere), before);
  });

  test('a free slot that is a file elsewhere too is left alone, and is in the way of nothing', async () => {
    const { pool, slots } = makeOpaque();
    const elsewhere = temporaryDirectory('outside');
    writeFileSync(join(elsewhere, '0123456789abcdef'), '');
    linkSync(join(elsewhere, '0123456789abcdef'), join(slots, '0123456789abcdef'));
    const free = readdirSync(slots).filter((slot) =>
      readFileSync(join(slots, slot)).equals(Buffer.alloc(4096)),
    );
    for (const slot of free.slice(1)) linkSync(join(slots, slot), join(elsewhere, slot));
    const before = fingerprint(elsewhere);
    const source = makeDatabase();
    assert.equal((await ended('import', pool, source, 'a')).code, exitCode.done);
    assert.match((await ended('import', pool, source, 'b')).stderr, /full/);
    assert.equal((await ended('rm', pool, 'app.db')).code, exitCode.done);
    const { code, stdout } = await ended('check', pool);
    assert.equal(code, exitCode.done);
    assert.equal(stdout.match(/no slot, and left alone/g).length, free.length);
    assert.equal(fingerprint(elsewhere), before);
  });

  test('with the standard streams closed', async () => {
    const { pool, slots } = makeOpaque();
    // Two slots of one name: the start renames one, with a warning.
    const app = readdirSync(slots).find(
      (name) => readFileSync(join(slots, name)).subarray(0, 7).toString() === '/app.db',
    );
    copyFileSync(join(slots, app), join(slots, 'zz-second'));
    const source = makeDatabase();
    for (const closed of ['2>&-', '1>&- 2>&-', '0<&- 1>&- 2>&-']) {
      await endedAfter(`exec ${closed}`, 'import', pool, source, `new${closed.length}.db`);
    }
    const [{ ok, databases }] = await endedJson('check', pool);
    assert.ok(ok);
    assert.equal(databases.length, 6);
    const silent = await endedAfter('exec 1>&-', 'ls', pool);
    assert.equal(silent.code, exitCode.failed);
  });
});

describe('the list of a profile', () => {
  const { folder: slots } = unpackFixture('v2-small');
  const makers = { Chromium: makeChromiumProfile, Firefox: makeFirefoxProfile };

  for (const [name, make] of Object.entries(makers)) {
    test(`of ${name} is read as the browser wrote it`, async () => {
      const profile = temporaryDirectory('profile');
      make(profile, slots);
      const [found] = await endedJson('find', profile);
      assert.equal(found.pool, 'https://example.org/pool');
      assert.equal(found.databases.length, 2);
      assert.ok((await endedJson('check', profile))[0].ok);
    });

    test(`of ${name}: files that are links are not followed`, async () => {
      const profile = temporaryDirectory('profile');
      const { folder, paths } = make(profile, slots);
      const outside = temporaryDirectory('outside');
      for (const [index, path] of paths.entries()) {
        renameSync(join(folder, path), join(outside, `${index}`));
        symlinkSync(join(outside, `${index}`), join(folder, path));
      }
      const before = fingerprint(outside);
      assert.equal((await ended('ls', profile)).code, exitCode.notFound);
      assert.equal((await ended('rm', profile, 'app.db')).code, exitCode.notFound);
      assert.equal(fingerprint(outside), before);
    });
  }

  test('of Chromium leads nowhere else', async () => {
    const profile = temporaryDirectory('profile');
    const outside = join(profile, 'outside');
    mkdirSync(outside);
    for (const slot of readdirSync(slots)) copyFileSync(join(slots, slot), join(outside, slot));
    const before = fingerprint(outside);
    const one = temporaryDirectory('tool');
    writeFileSync(join(one, 'free'), Buffer.alloc(4096));
    const more = readdirSync(slots).flatMap((slot) => [
      join(outside, slot),
      `../../../../outside/${slot}`,
    ]);
    makeChromiumProfile(profile, one, { more });
    const pool = ['--pool', 'https://example.org/pool'];
    const { stdout, stderr, code } = await ended('ls', profile, ...pool, '--json');
    assert.equal(code, exitCode.damaged);
    assert.deepEqual(JSON.parse(stdout), []);
    assert.match(stderr, /a path that no browser writes/);
    assert.equal((await ended('rm', profile, 'app.db', ...pool)).code, exitCode.damaged);
    assert.equal(
      (await ended('import', profile, makeDatabase(), 'x.db', ...pool)).code,
      exitCode.damaged,
    );
    assert.equal(fingerprint(outside), before);
  });

  test('of Chromium with flipped bytes: what is missing is said', async () => {
    const profile = temporaryDirectory('profile');
    const { folder } = makeChromiumProfile(profile, slots);
    const log = join(folder, 'Paths/000003.log');
    const bytes = readFileSync(log);
    bytes[bytes.length >> 1] ^= 0x55;
    writeFileSync(log, bytes);
    for (const words of [['ls'], ['find'], ['info'], ['check']]) {
      const { code, stdout, stderr } = await ended(words[0], profile);
      assert.notEqual(code, exitCode.done, words[0]);
      assert.match(stdout + stderr, /list of the origin's files is damaged/, words[0]);
    }
  });

  const firefox = {
    'a handle twice': [
      "INSERT INTO Directories VALUES (x'01', x'6100'), (x'01', x'6200')",
      "INSERT INTO Entries VALUES (x'01', x'01')",
    ],
    'a circle': ["UPDATE Entries SET parent = x'02' WHERE handle = x'01'"],
    'the root below itself': ["INSERT INTO Entries VALUES (x'00', x'02')"],
    'a view without end': [
      'ALTER TABLE Entries RENAME TO E',
      'CREATE VIEW Entries AS WITH RECURSIVE c(handle, parent) AS (SELECT 1, NULL UNION ALL SELECT handle + 1, NULL FROM c) SELECT * FROM c',
    ],
    'an expression': [
      'ALTER TABLE Entries RENAME TO E',
      'CREATE TABLE Entries(handle, parent AS (hex(zeroblob(100000))))',
      'INSERT INTO Entries VALUES (1)',
    ],
  };
  for (const [title, statements] of Object.entries(firefox)) {
    test(`of Firefox with ${title}`, async () => {
      const profile = temporaryDirectory('profile');
      const { folder } = makeFirefoxProfile(profile, slots);
      runSql(join(folder, 'metadata.sqlite'), statements);
      for (const command of ['find', 'check']) await ended(command, profile);
    });
  }

  test('of Firefox with 2 GiB of nothing', async () => {
    const profile = temporaryDirectory('profile');
    const { folder } = makeFirefoxProfile(profile, slots);
    truncateSync(join(folder, 'metadata.sqlite'), 2 ** 31);
    assert.match((await ended('find', profile)).stderr, /far too large/);
  });
});

describe('what would wait for ever', () => {
  const fifo = (path) => {
    rmSync(path, { force: true });
    execFileSync('mkfifo', [path]);
  };

  for (const [name, make] of Object.entries({
    Chromium: makeChromiumProfile,
    Firefox: makeFirefoxProfile,
  })) {
    for (const where of [
      '.parentlock',
      'lock',
      'SingletonLock',
      'slot',
      'LOCK',
      'list',
      'journal',
      'wal',
    ]) {
      test(`a pipe as ${where} in a profile of ${name}`, async () => {
        const profile = temporaryDirectory('profile');
        const { folder, paths } = make(profile, unpackFixture('v2-small').folder);
        const list = name === 'Firefox' ? 'metadata.sqlite' : 'Paths/000003.log';
        const path = {
          slot: join(folder, paths[0]),
          LOCK: join(folder, name === 'Firefox' ? 'LOCK' : 'Paths/LOCK'),
          list: join(folder, list),
          journal: join(folder, `${list}-journal`),
          wal: join(folder, `${list}-wal`),
        };
        fifo(path[where] ?? join(profile, where));
        for (const words of [['find'], ['ls'], ['check'], ['rm', 'missing.db']]) {
          await ended(words[0], profile, ...words.slice(1));
        }
      });
    }
  }

  test('2000 folders in each other', async () => {
    const { pool } = makeOpaque();
    execFileSync('python3', [
      '-c',
      'import os,sys\nos.chdir(sys.argv[1])\nfor i in range(2000):\n os.mkdir("d"); os.chdir("d")',
      pool,
    ]);
    const { code, stderr } = await ended('find', pool);
    assert.equal(code, exitCode.done);
    assert.match(stderr, /deeper than/);
    execFileSync('rm', ['-rf', join(pool, 'd')]);
  });
});
