// sahpool recover and check, on pools with every kind of damage.
import assert from 'node:assert/strict';
import {
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryDirectory } from '../browser/support/files.mjs';
import { exitCode, fingerprint, json, output, sahpool, unpackFixture } from './tool.mjs';

const HEADER = 4096;
const OTHER = '/dir/with%20space/%C3%BCn%C3%AFcode-%C3%9F.db';

class DamagedPool {
  constructor(fixture) {
    const { folder, expected } = unpackFixture(fixture);
    this.folder = folder;
    this.expected = expected.files['/app.db'];
  }
  slotOf(name) {
    return readdirSync(this.folder)
      .map((file) => join(this.folder, file))
      .find((file) => readFileSync(file).subarray(0, 512).toString().split('\0')[0] === name);
  }
  freeSlot() {
    return this.slotOf('');
  }
  /** Rewrites the slot's file with what `change(bytes)` does to it. */
  damage(slot, change) {
    const bytes = readFileSync(slot);
    change(bytes);
    writeFileSync(slot, bytes);
  }
  exchangeHeaders(a, b) {
    const [first, second] = [readFileSync(a), readFileSync(b)];
    const kept = Buffer.from(first.subarray(0, HEADER));
    second.copy(first, 0, 0, HEADER);
    kept.copy(second);
    writeFileSync(a, first);
    writeFileSync(b, second);
  }
  /** Checks that nothing here is changed, and resolves to what was recovered, by name. */
  async recover(code = exitCode.done) {
    const before = fingerprint(this.folder);
    const out = join(temporaryDirectory('out'), 'saved');
    const ended = await sahpool('recover', this.folder, '--to', out, '--json');
    assert.equal(ended.code, code, ended.stdout + ended.stderr);
    assert.equal(fingerprint(this.folder), before);
    const saved = JSON.parse(ended.stdout);
    for (const { file, bytes } of saved) assert.equal(readFileSync(file).length, bytes);
    return saved;
  }
  /** The recovered app.db must be what was committed. */
  async assertWhole(file) {
    const pool = join(temporaryDirectory('tool'), 'pool');
    await output('create', pool, '--capacity', 1);
    await output('import', pool, file, 'app.db');
    const [row] = await json(
      'query',
      pool,
      'app.db',
      'SELECT count(*) AS rows, sum(qty) AS sum FROM item',
    );
    assert.deepEqual(row, { rows: this.expected.rows, sum: this.expected.sum });
  }
  async problems() {
    const { code, stdout } = await sahpool('check', this.folder, '--json');
    assert.equal(code, exitCode.damaged);
    return JSON.parse(stdout)[0]
      .findings.filter(({ severity }) => severity === 'problem')
      .map(({ text }) => text);
  }
}

const byName = (saved, name) => saved.find((file) => file.name === name);

for (const fixture of ['v2-small', 'v2-hot']) {
  describe(`${fixture}: a header`, () => {
    for (const [where, offset] of [
      ['path', 2],
      ['flags', 514],
      ['digest', 517],
    ]) {
      test(`with a flipped byte in its ${where} gets its name back`, async () => {
        const pool = new DamagedPool(fixture);
        pool.damage(pool.slotOf('/app.db'), (bytes) => (bytes[offset] ^= 0x55));
        assert.match((await pool.problems()).join(), /digest does not match/);
        const app = byName(await pool.recover(), '/app.db');
        assert.match(app.detail, /one wrong byte/);
        assert.equal(app.integrity, 'ok');
        await pool.assertWhole(app.file);
      });
    }

    test('of zeros: the database is found by its content', async () => {
      const pool = new DamagedPool(fixture);
      pool.damage(pool.slotOf('/app.db'), (bytes) => bytes.fill(0, 0, 524));
      assert.match((await pool.problems()).join(), /empty but a database follows/);
      const saved = await pool.recover();
      assert.equal(saved.length, 2);
      const app = saved.find(({ name }) => name !== OTHER);
      // Its journal, where there is one, still says what it was called.
      assert.equal(app.name, fixture === 'v2-hot' ? '/app.db' : '');
      await pool.assertWhole(app.file);
    });

    test('with many wrong bytes: the database is found by its content', async () => {
      const pool = new DamagedPool(fixture);
      pool.damage(pool.slotOf('/app.db'), (bytes) => bytes.fill(0xa5, 0, 600));
      const app = (await pool.recover()).find(({ name }) => name !== OTHER);
      await pool.assertWhole(app.file);
    });

    test('exchanged with that of a free slot', async () => {
      const pool = new DamagedPool(fixture);
      pool.exchangeHeaders(pool.slotOf('/app.db'), pool.freeSlot());
      assert.match((await pool.problems()).join(), /empty but a database follows/);
      const app = byName(await pool.recover(), '/app.db');
      assert.match(app.detail, /probably this file/);
      await pool.assertWhole(app.file);
    });
  });
}

describe('slots', () => {
  test('whose headers were exchanged: a database and its journal', async () => {
    const pool = new DamagedPool('v2-hot');
    pool.exchangeHeaders(pool.slotOf('/app.db'), pool.slotOf('/app.db-journal'));
    assert.match(
      (await pool.problems()).join(),
      /header says database, but the content is a journal/,
    );
    const app = byName(await pool.recover(), '/app.db');
    assert.match(app.detail, /exchanged/);
    await pool.assertWhole(app.file);
  });

  test('whose headers were exchanged: two databases are saved, each whole', async () => {
    const pool = new DamagedPool('v2-small');
    pool.exchangeHeaders(pool.slotOf('/app.db'), pool.slotOf(OTHER));
    const saved = await pool.recover();
    assert.deepEqual(
      saved.map(({ integrity }) => integrity),
      ['ok', 'ok'],
    );
    await pool.assertWhole(byName(saved, OTHER).file);
  });

  test('that were cut off: what is left is saved, and called damaged', async () => {
    const pool = new DamagedPool('v2-small');
    truncateSync(pool.slotOf('/app.db'), HEADER + 100_000);
    assert.ok((await pool.problems()).length > 0);
    const cutShort = /cut short: its header says 180224 bytes, there are 100000/;
    const out = join(temporaryDirectory('out'), 'app.db');
    const { code, stderr } = await sahpool('export', pool.folder, 'app.db', out);
    assert.equal(code, exitCode.damaged);
    assert.match(stderr, cutShort);
    assert.equal(statSync(out).size, 100_000);
    const app = byName(await pool.recover(exitCode.damaged), '/app.db');
    assert.match(app.detail, cutShort);
    assert.equal(app.bytes, 100_000);
    assert.notEqual(app.integrity, 'ok');
  });

  test('that were cut off within the header leave the others', async () => {
    const pool = new DamagedPool('v2-small');
    truncateSync(pool.slotOf(OTHER), 300);
    // Among other files it would not be known for a slot.
    const folder = join(temporaryDirectory('tool'), '.opaque');
    renameSync(pool.folder, folder);
    pool.folder = folder;
    assert.ok((await pool.problems()).length > 0);
    await pool.assertWhole(byName(await pool.recover(), '/app.db').file);
  });

  test('without their header are databases as they stand', async () => {
    const pool = new DamagedPool('v2-small');
    const content = readFileSync(pool.slotOf('/app.db')).subarray(HEADER);
    pool.folder = join(temporaryDirectory('tool'), 'pool');
    await output('create', pool.folder, '--capacity', 1);
    const slots = join(pool.folder, '.opaque');
    writeFileSync(join(slots, readdirSync(slots)[0]), content);
    const [app] = await pool.recover();
    assert.match(app.detail, /header is missing/);
    await pool.assertWhole(app.file);
  });
});

describe('a damaged first page', () => {
  test('whose header alone is lost is made whole', async () => {
    const pool = new DamagedPool('v2-small');
    pool.damage(pool.slotOf('/app.db'), (bytes) => bytes.fill(0xff, HEADER, HEADER + 100));
    assert.match((await pool.problems()).join(), /does not begin like a database/);
    const app = byName(await pool.recover(), '/app.db');
    assert.match(app.detail, /made anew/);
    await pool.assertWhole(app.file);
  });

  test('that is lost altogether is said to be', async () => {
    const pool = new DamagedPool('v2-small');
    pool.damage(pool.slotOf('/app.db'), (bytes) => bytes.fill(0xff, HEADER, HEADER + 8192));
    const app = byName(await pool.recover(exitCode.damaged), '/app.db');
    assert.match(app.detail, /its first page is lost/);
    assert.equal(app.bytes, 180_224);
  });

  test('that its journal has comes from there', async () => {
    const pool = new DamagedPool('v2-hot');
    pool.damage(pool.slotOf('/app.db'), (bytes) => bytes.fill(0xff, HEADER, HEADER + 100));
    await pool.assertWhole(byName(await pool.recover(), '/app.db').file);
  });
});

describe('journals', () => {
  test('without a database are kept as they are', async () => {
    const pool = new DamagedPool('v2-hot');
    pool.damage(pool.slotOf('/app.db'), (bytes) => bytes.fill(0));
    assert.match((await pool.problems()).join(), /orphan/);
    const journal = byName(await pool.recover(exitCode.damaged), '/app.db-journal');
    assert.equal(journal.integrity, null);
    assert.match(journal.detail, /without its database/);
  });

  test('in quarantine keep their database from being exported', async () => {
    const pool = new DamagedPool('v2-hot');
    // In the digest, so that the name can still be read.
    pool.damage(pool.slotOf('/app.db-journal'), (bytes) => (bytes[517] ^= 1));
    const out = join(temporaryDirectory('out'), 'app.db');
    const { code, stderr } = await sahpool('export', pool.folder, 'app.db', out);
    assert.equal(code, exitCode.damaged);
    assert.match(stderr, /quarantined slot.*sahpool recover/);
    await pool.assertWhole(byName(await pool.recover(), '/app.db').file);
  });
});

describe('where recover writes', () => {
  const { folder } = unpackFixture('v2-small');

  test('not into the pool, and not over anything', async () => {
    const inside = await sahpool('recover', folder, '--to', join(folder, 'saved'));
    assert.equal(inside.code, exitCode.usage);
    const out = temporaryDirectory('out');
    writeFileSync(join(out, 'x'), '');
    assert.equal((await sahpool('recover', folder, '--to', out)).code, exitCode.exists);
    assert.deepEqual(readdirSync(out), ['x']);
  });

  test('names in a pool never lead out of the folder', async () => {
    const pool = new DamagedPool('v1-small');
    pool.damage(pool.slotOf('/app.db'), (bytes) => bytes.write('/../../evil.db\0'));
    const saved = await pool.recover();
    assert.match(byName(saved, '/../../evil.db').file, /\/saved\/_\/_\/evil\.db$/);
  });
});
