// sahpool ls, info, check, export and query, on pools that the official package wrote.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  symlinkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryDirectory } from '../browser/support/files.mjs';
import { killTree, trackProcess } from '../browser/support/processes.mjs';
import { TOOL, exitCode, fingerprint, json, output, sahpool, unpackFixture } from './tool.mjs';

const COUNT = 'SELECT count(*) AS rows, sum(qty) AS sum FROM item';

for (const fixture of ['v1-small', 'v2-small', 'v2-hot']) {
  describe(fixture, () => {
    const { folder, expected } = unpackFixture(fixture);
    const before = fingerprint(folder);
    const out = temporaryDirectory('out');
    after(() => assert.equal(fingerprint(folder), before, 'nothing was changed'));

    test('ls lists its files', async () => {
      const files = await json('ls', folder);
      assert.deepEqual(files.map(({ name }) => name).sort(), expected.names.toSorted());
      for (const file of files) {
        assert.equal(file.state, 'named');
        assert.deepEqual(Object.keys(file), ['name', 'bytes', 'slot', 'flags', 'state']);
        assert.equal(readFileSync(join(folder, file.slot)).length, file.bytes + 4096);
      }
      assert.equal((await json('ls', folder, '--all')).length, expected.capacity);
      const text = await output('ls', folder);
      for (const name of expected.names) assert.ok(text.includes(name));
      assert.ok(!text.includes('\x1b'), 'no colours but on a terminal');
    });

    test('info tells about the pool and its databases', async () => {
      const pool = await json('info', folder);
      assert.equal(pool.capacity, expected.capacity);
      assert.equal(pool.files, expected.names.length);
      const database = await json('info', folder, 'app.db');
      assert.equal(database.type, 'database');
      assert.equal(database.header_digest, fixture.startsWith('v1') ? 1 : 2);
      assert.equal(database.committed.written_by_sqlite, expected.version);
      assert.equal(database.committed.differs_from_file, expected.hot ?? false);
    });

    test('check finds every database whole', async () => {
      const [pool] = await json('check', folder);
      assert.equal(pool.ok, true);
      assert.deepEqual(
        pool.databases.map(({ integrity }) => integrity),
        Object.values(expected.files).map(() => 'ok'),
      );
    });

    for (const [name, content] of Object.entries(expected.files)) {
      test(`query and export give what is committed in ${name}`, async () => {
        const { rows, sum } = content;
        assert.deepEqual(await json('query', folder, name, COUNT), [{ rows, sum }]);
        const file = join(out, `${rows}.db`);
        await output('export', folder, name, file);
        const counted = execFileSync('python3', ['-c', READ_WITH_PYTHON, file], {
          encoding: 'utf8',
        });
        assert.deepEqual(JSON.parse(counted), [rows, sum, 'ok']);
      });
    }
  });
}

// With the SQLite that Python has, which is the system's.
const READ_WITH_PYTHON = `
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
rows = db.execute("SELECT count(*), sum(qty) FROM item").fetchone()
print(json.dumps([*rows, db.execute("PRAGMA integrity_check").fetchone()[0]]))`;

describe('query', () => {
  const { folder } = unpackFixture('v2-hot');

  test('prints text with tabs, and names of columns when asked', async () => {
    const sql = "SELECT 1 AS a, 'b' AS b, NULL AS c, x'00ff' AS d; SELECT 2 AS e";
    assert.equal(await output('query', folder, 'app.db', sql), "1\tb\tNULL\tx'00ff'\n2\n");
    assert.equal(
      await output('query', folder, 'app.db', sql, '--header'),
      "a\tb\tc\td\n1\tb\tNULL\tx'00ff'\ne\n2\n",
    );
  });

  test('gives every type as JSON', async () => {
    const sql = "SELECT 9007199254740993 AS a, 0.5 AS b, 'ß' AS c, NULL AS d, x'0a' AS e, 1 AS a";
    assert.match(await output('query', folder, 'app.db', sql, '--json'), /"a":9007199254740993,/);
    const [row] = await json('query', folder, 'app.db', sql);
    assert.deepEqual(row, {
      a: 9007199254740992,
      b: 0.5,
      c: 'ß',
      d: null,
      e: { hex: '0a' },
      'a:1': 1,
    });
    assert.deepEqual(await json('query', folder, 'app.db', 'SELECT 1 WHERE 0'), []);
  });

  test('refuses changes, and bad SQL', async () => {
    const before = fingerprint(folder);
    const changed = await sahpool('query', folder, 'app.db', 'DELETE FROM item');
    assert.equal(changed.code, exitCode.failed);
    assert.match(changed.stderr, /readonly/);
    assert.equal((await sahpool('query', folder, 'app.db', 'SELEC')).code, exitCode.failed);
    assert.equal(fingerprint(folder), before);
  });
});

describe('export', () => {
  const { folder } = unpackFixture('v2-small');
  const out = temporaryDirectory('out');
  const file = join(out, 'app.db');

  test('replaces nothing without --force', async () => {
    writeFileSync(file, 'precious');
    assert.equal((await sahpool('export', folder, 'app.db', file)).code, exitCode.exists);
    assert.equal(readFileSync(file, 'utf8'), 'precious');
    await output('export', folder, 'app.db', file, '--force');
    assert.ok(readFileSync(file).subarray(0, 15).equals(Buffer.from('SQLite format 3')));
    assert.deepEqual(readdirSync(out), ['app.db']);
  });

  test('leaves no journal beside it that SQLite would apply', async () => {
    const other = join(out, 'other.db');
    writeFileSync(`${other}-wal`, 'old');
    assert.equal((await sahpool('export', folder, 'app.db', other)).code, exitCode.exists);
    await output('export', folder, 'app.db', other, '--force');
    assert.ok(!existsSync(`${other}-wal`));
  });

  test('fails where a journal cannot be removed that SQLite would apply', async () => {
    const kept = join(temporaryDirectory('out'), 'kept.db');
    writeFileSync(kept, 'old');
    mkdirSync(`${kept}-journal/full`, { recursive: true });
    const { code, stderr } = await sahpool('export', folder, 'app.db', kept, '--force');
    assert.equal(code, exitCode.failed);
    assert.match(stderr, /kept\.db-journal: .*would be taken for the new database's/);
    assert.equal(readFileSync(kept, 'utf8'), 'old');
    assert.deepEqual(readdirSync(dirname(kept)).sort(), ['kept.db', 'kept.db-journal']);
  });

  test('- is the standard output', async () => {
    const bytes = execFileSync(TOOL, ['export', folder, 'app.db', '-'], { maxBuffer: 1 << 24 });
    assert.ok(bytes.equals(readFileSync(file)));
  });

  test('writes nothing among the slots', async () => {
    const into = await sahpool('export', folder, 'app.db', join(folder, 'app.db'));
    assert.equal(into.code, exitCode.usage);
    const nowhere = await sahpool('export', folder, 'app.db', join(out, 'missing/app.db'));
    assert.equal(nowhere.code, exitCode.notFound);
  });

  test('replaces nothing but regular files, and not the link to one', async () => {
    const pipe = join(out, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const place of [pipe, out]) {
      const { code } = await sahpool('export', folder, 'app.db', place, '--force');
      assert.equal(code, exitCode.usage, place);
    }
    assert.ok(lstatSync(pipe).isFIFO());
    const link = join(out, 'link.db');
    writeFileSync(join(out, 'target.db'), 'old');
    symlinkSync('target.db', link);
    await output('export', folder, 'app.db', link, '--force');
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.ok(readFileSync(link).equals(readFileSync(file)));
  });

  test('tells when the standard output takes no more', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(TOOL, ['export', folder, 'app.db', '-'], {
      stdio: ['ignore', full, 'ignore'],
    });
    const [code] = await once(child, 'exit');
    closeSync(full);
    assert.equal(code, exitCode.failed);
  });
});

describe('where the pool is', () => {
  const { folder, expected } = unpackFixture('v2-small');
  const names = expected.names.toSorted();
  const listed = async (...words) => (await json('ls', ...words)).map(({ name }) => name).sort();

  test('a directory with .opaque, by itself and from above', async () => {
    const above = temporaryDirectory('tool');
    mkdirSync(join(above, 'a/b'), { recursive: true });
    renameSync(folder, join(above, 'a/b/.opaque'));
    writeFileSync(join(above, 'a/notes.txt'), 'not a slot');
    for (const dir of ['a/b', 'a/b/.opaque', 'a', '']) {
      assert.deepEqual(await listed(join(above, dir)), names, dir);
    }
    assert.deepEqual(await listed(above, '--pool', 'a/b'), names);
    assert.equal((await sahpool('ls', above, '--pool', 'c')).code, exitCode.notFound);
    renameSync(join(above, 'a/b/.opaque'), folder);
  });

  test('slots among files that are none', async () => {
    writeFileSync(join(folder, 'notes.txt'), 'not a slot');
    await output('export', folder, 'app.db', join(temporaryDirectory('out'), 'x.db'));
    assert.deepEqual(await listed(folder), names);
    assert.equal((await json('ls', folder, '--all')).length, expected.capacity);
  });

  test('several pools need a choice', async () => {
    const above = temporaryDirectory('tool');
    for (const name of ['one', 'two']) await output('create', join(above, name), '--capacity', 1);
    const { code, stderr } = await sahpool('ls', above);
    assert.equal(code, exitCode.usage);
    assert.match(stderr, /--pool(.|\n)*one\n(.|\n)*two\n/);
    assert.equal((await json('find', above)).length, 2);
    assert.equal((await json('check', above)).length, 2);
  });

  test('no pool, no directory, no file', async () => {
    const empty = temporaryDirectory('tool');
    for (const dir of [empty, join(empty, 'missing')]) {
      for (const command of ['ls', 'info', 'check', 'find']) {
        assert.equal((await sahpool(command, dir)).code, exitCode.notFound, command);
      }
    }
    for (const words of [['info'], ['export'], ['query'], ['rm']]) {
      const tail = { export: ['/nowhere/x'], query: ['SELECT 1'] }[words[0]] ?? [];
      const { code, stderr } = await sahpool(...words, folder, 'missing.db', ...tail);
      assert.equal(code, exitCode.notFound, stderr);
    }
  });
});

/** Waits until the process has `count` files of the folder open. */
async function hasOpened(pid, folder, count) {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const descriptors = readdirSync(`/proc/${pid}/fd`).map((number) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${number}`);
      } catch {
        return ''; // It was closed meanwhile.
      }
    });
    if (descriptors.filter((path) => path.startsWith(folder)).length === count) return;
    assert.ok(Date.now() < deadline, 'the files were not opened');
    await delay(10);
  }
}

describe('the command line', () => {
  test('--help and --version', async () => {
    assert.match(await output('--help'), /Exit status: 0 done/);
    for (const command of ['ls', 'info', 'check', 'export', 'import', 'rm', 'create', 'resize']) {
      assert.match(await output(command, '--help'), /DIR/);
    }
    assert.match(await output('--version'), /^\d+\.\d+\.\d+\n$/);
    for (const word of ['--help', '--version']) {
      const { status } = spawnSync('bash', ['-c', '"$0" "$1" > /dev/full', TOOL, word]);
      assert.equal(status, exitCode.failed);
    }
  });

  for (const words of [
    [],
    ['unknown'],
    ['ls'],
    ['ls', ''],
    ['create', 'x'],
    ['create', 'x', '--capacity', '0'],
  ]) {
    test(`"${words.join(' ')}" is wrong usage`, async () => {
      assert.equal((await sahpool(...words)).code, exitCode.usage);
    });
  }

  test('a pool that another sahpool has open', async () => {
    const { folder, expected } = unpackFixture('v2-small');
    // An import that waits for its input has the pool open.
    const importing = spawn(TOOL, ['import', folder, '-', 'new.db'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    trackProcess(importing.pid);
    try {
      await hasOpened(importing.pid, folder, expected.capacity);
      const reading = await sahpool('ls', folder);
      assert.equal(reading.code, exitCode.inUse);
      assert.match(reading.stderr, /another process has the pool open/);
      const writing = await sahpool('rm', folder, 'app.db');
      assert.equal(writing.code, exitCode.inUse);
      assert.match(writing.stderr, new RegExp(`process ${importing.pid} `));
    } finally {
      await killTree(importing.pid);
    }
    assert.equal((await json('ls', folder)).length, 2);
  });
});
