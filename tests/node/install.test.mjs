// installOpfsSAHPoolVfs(): options, repeated calls, busy pools, failing starts.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PoolBusyError } from '../../npm/dist/index.js';
import {
  countRows,
  databaseBytes,
  fill,
  loadOfficial,
  rowsInBytes,
  setUp,
  sqliteError,
} from './harness.mjs';

describe('options', () => {
  const bad = {
    name: [1, '', 'a\0b', {}],
    directory: [7, 'a/../b', './a', 'a\0'],
    initialCapacity: [-1, 1.5, '6', NaN, 1e9],
    clearOnInit: ['false', {}, 2],
    verbosity: [-1, 4, 1.5, 'loud'],
    forceReinitIfPreviouslyFailed: ['yes'],
    preserveOnInitFailure: ['yes'],
    autoGrow: [-1, 0.5, '3'],
    acquireTimeout: [-1, NaN, '1s', Infinity],
    journalMode: ['WAL', 'truncate', '', true],
  };
  for (const [option, values] of Object.entries(bad)) {
    test(`a bad ${option} is a TypeError that names it`, async (t) => {
      const { sqlite3, opfs } = await setUp(t);
      for (const value of values) {
        await assert.rejects(sqlite3.installOpfsSAHPoolVfs({ [option]: value }), (error) => {
          assert.ok(error instanceof TypeError, String(error));
          assert.match(error.message, new RegExp(`option "${option}"`));
          return true;
        });
      }
      assert.equal(opfs.root.entries.size, 0);
    });
  }

  test('options that are no object are a TypeError', async (t) => {
    const { sqlite3 } = await setUp(t);
    await assert.rejects(sqlite3.installOpfsSAHPoolVfs('pool'), TypeError);
  });

  test('the defaults are those of the documentation', async (t) => {
    const { sqlite3, opfs, install } = await setUp(t);
    const util = await install();
    assert.equal(util.vfsName, 'opfs-sahpool');
    assert.equal(util.getCapacity(), 6);
    assert.equal(opfs.slots('.opfs-sahpool').length, 6);
    assert.ok(sqlite3.capi.sqlite3_vfs_find('opfs-sahpool'));
  });

  test('unknown options and undefined ones are ignored', async (t) => {
    const { install } = await setUp(t);
    const util = await install({
      name: 'a',
      directory: undefined,
      initialCapacity: undefined,
      x: 1,
    });
    assert.equal(util.getCapacity(), 6);
  });

  test('initialCapacity counts only for a pool without slots', async (t) => {
    const { opfs, install } = await setUp(t);
    (await install({ name: 'a', initialCapacity: 3 })).pauseVfs();
    const again = await setUp(t, { opfs });
    const util = await again.install({ name: 'a', initialCapacity: 9 });
    assert.equal(util.getCapacity(), 3);
  });

  test('clearOnInit empties the pool and keeps its slots', async (t) => {
    const { opfs, install } = await setUp(t);
    const util = await install({ name: 'a' });
    const db = new util.OpfsSAHPoolDb('x.db');
    fill(db, 100);
    db.close();
    util.pauseVfs();
    const again = await setUp(t, { opfs });
    const cleared = await again.install({ name: 'a', clearOnInit: true });
    assert.deepEqual(cleared.getFileNames(), []);
    assert.equal(cleared.getCapacity(), 6);
    assert.ok(opfs.slots('.a').every((slot) => slot.size <= 4096));
  });

  test('verbosity says which messages are shown', async (t) => {
    for (const [verbosity, levels] of [
      [0, []],
      [1, ['error']],
      [3, ['error', 'log']],
    ]) {
      const { sqlite3, logs, install } = await setUp(t);
      const util = await install({ name: 'pool', verbosity });
      assert.throws(
        () => new util.OpfsSAHPoolDb('none.db', 'r'),
        sqliteError(sqlite3, 'SQLITE_CANTOPEN'),
      );
      const ours = logs.filter((it) => it.text.startsWith('pool: '));
      assert.deepEqual([...new Set(ours.map((it) => it.level))].sort(), levels);
      util.pauseVfs();
    }
  });

  test('the root of OPFS can be a pool; only the slots are removed', async (t) => {
    const { opfs, install } = await setUp(t);
    opfs.put('mine.txt', new Uint8Array(3));
    const util = await install({ name: 'a', directory: '/' });
    assert.equal(opfs.slots('').length, 6);
    assert.equal(await util.removeVfs(), true);
    assert.deepEqual([...opfs.root.entries.keys()], ['mine.txt']);
  });
});

describe('repeated calls', () => {
  test('with the same name give the same promise', async (t) => {
    const { sqlite3, install } = await setUp(t);
    const first = sqlite3.installOpfsSAHPoolVfs({ name: 'a' });
    const second = sqlite3.installOpfsSAHPoolVfs({ name: 'a', directory: 'elsewhere' });
    assert.equal(first, second);
    const util = await install({ name: 'a' });
    assert.equal(util, await first);
    assert.equal(sqlite3.installOpfsSAHPoolVfs({ name: 'a' }), first);
  });

  test('with other names give independent pools', async (t) => {
    const { sqlite3, install } = await setUp(t);
    const [a, b] = await Promise.all([install({ name: 'a' }), install({ name: 'b' })]);
    fill(new a.OpfsSAHPoolDb('x.db'), 10);
    assert.deepEqual(b.getFileNames(), []);
    assert.throws(
      () => new b.OpfsSAHPoolDb('x.db', 'w'),
      sqliteError(sqlite3, 'SQLITE_CANTOPEN', /no file/),
    );
    await assert.rejects(a.removeVfs(), sqliteError(sqlite3, 'SQLITE_BUSY'));
    assert.equal(await b.removeVfs(), true);
  });

  test('a failure is kept unless forceReinitIfPreviouslyFailed', async (t) => {
    const { sqlite3, opfs, install } = await setUp(t);
    const stop = opfs.faults.on('getDirectory', () => {
      throw new DOMException('not now', 'UnknownError');
    });
    await assert.rejects(install({ name: 'a' }), { message: /not now/ });
    stop();
    await assert.rejects(install({ name: 'a' }), { message: /not now/ });
    const force = { name: 'a', forceReinitIfPreviouslyFailed: true };
    const [first, second] = [
      sqlite3.installOpfsSAHPoolVfs(force),
      sqlite3.installOpfsSAHPoolVfs({ name: 'a' }),
    ];
    assert.equal(first, second);
    assert.equal((await install(force)).getCapacity(), 6);
  });

  test('a forced call that meets a running start tries again when that fails', async (t) => {
    const { sqlite3, opfs, install } = await setUp(t);
    opfs.faults.failNth('getDirectory', 1, new DOMException('not now', 'UnknownError'));
    const failing = sqlite3.installOpfsSAHPoolVfs({ name: 'a' });
    const forced = install({ name: 'a', forceReinitIfPreviouslyFailed: true });
    await assert.rejects(failing, { message: /not now/ });
    assert.equal((await forced).getCapacity(), 6);
  });

  test('a name that SQLite knows already is refused', async (t) => {
    const { sqlite3, opfs } = await setUp(t);
    const taken = sqlite3.capi.sqlite3_js_vfs_list()[0];
    await assert.rejects(
      sqlite3.installOpfsSAHPoolVfs({ name: taken }),
      sqliteError(sqlite3, 'SQLITE_MISUSE', /already registered/),
    );
    assert.equal(opfs.root.entries.size, 0);
  });
});

describe('a pool that is open elsewhere', () => {
  test('in this worker is busy at once', async (t) => {
    const { install } = await setUp(t);
    await install({ name: 'a', directory: 'dir' });
    const begun = performance.now();
    await assert.rejects(install({ name: 'b', directory: '/dir/' }), (error) => {
      assert.ok(error instanceof PoolBusyError);
      assert.equal(error.name, 'PoolBusyError');
      assert.equal(error.directory, 'dir');
      assert.match(error.message, /pauseVfs\(\)/);
      return true;
    });
    assert.ok(performance.now() - begun < 1000);
  });

  test('in another tab is busy when the deadline has passed', async (t) => {
    const { opfs, locks, install } = await setUp(t);
    let release;
    const held = new Promise((resolve) => (release = resolve));
    const otherTab = locks.request('sahpool:dir', {}, () => held);
    const options = { name: 'a', directory: 'dir', acquireTimeout: 60 };
    await assert.rejects(install(options), PoolBusyError);
    assert.equal(opfs.root.entries.size, 0);
    release();
    await otherTab;
    const util = await install({ ...options, forceReinitIfPreviouslyFailed: true });
    assert.equal(util.getCapacity(), 6);
  });

  test('in another tab is waited for until the deadline', async (t) => {
    const { locks, install } = await setUp(t);
    void locks.request('sahpool:.a', {}, () => new Promise((r) => setTimeout(r, 80)));
    assert.equal((await install({ name: 'a' })).getCapacity(), 6);
  });

  test('with acquireTimeout 0 is not waited for', async (t) => {
    const { locks, install } = await setUp(t);
    void locks.request('sahpool:.a', {}, () => new Promise((r) => setTimeout(r, 80)));
    await assert.rejects(install({ name: 'a', acquireTimeout: 0 }), PoolBusyError);
  });

  test('by the official VFS, which takes no lock, is busy too', async (t) => {
    const { opfs, locks, install } = await setUp(t);
    const official = await loadOfficial();
    const officialUtil = await official.installOpfsSAHPoolVfs({ name: 'a' });
    await assert.rejects(install({ name: 'a', acquireTimeout: 100 }), PoolBusyError);
    assert.equal(opfs.openHandles, 6);
    assert.equal(locks.isHeld('sahpool:.a'), false);
    officialUtil.pauseVfs();
    assert.equal(opfs.openHandles, 0);
  });

  test('handles that a browser still holds after a reload are waited for', async (t) => {
    const { opfs, install } = await setUp(t);
    (await install({ name: 'a' })).pauseVfs();
    const slots = opfs.slots('.a').slice(0, 3);
    for (const slot of slots) slot.handle = { drop() {} };
    setTimeout(() => {
      for (const slot of slots) slot.handle = null;
    }, 100);
    const next = await setUp(t, { opfs });
    assert.equal((await next.install({ name: 'a' })).getCapacity(), 6);
  });

  test('without the Web Locks API pools work all the same', async (t) => {
    const { install } = await setUp(t);
    Object.defineProperty(navigator, 'locks', { value: undefined, configurable: true });
    assert.equal((await install({ name: 'a' })).getCapacity(), 6);
  });
});

describe('a failing start', () => {
  /** A pool with a database, not open. */
  async function makePool(t) {
    const { opfs, install } = await setUp(t);
    const util = await install({ name: 'a' });
    const db = new util.OpfsSAHPoolDb('x.db');
    fill(db, 200);
    db.close();
    util.pauseVfs();
    return opfs;
  }

  function content(opfs) {
    return opfs.slots('.a').map((slot) => [slot.name, Buffer.from(slot.bytes).toString('base64')]);
  }

  const causes = {
    'a handle that can not be opened': ['createSyncAccessHandle', 3],
    'a listing that fails': ['values', 1],
    'a header that can not be read': ['read', 2],
    'a size that can not be asked': ['getSize', 4],
  };
  for (const [title, [operation, nth]] of Object.entries(causes)) {
    test(`by ${title} closes all and changes nothing`, async (t) => {
      const opfs = await makePool(t);
      const before = content(opfs);
      const { locks, sqlite3, install } = await setUp(t, { opfs });
      opfs.faults.failNth(operation, nth, new DOMException('broken', 'UnknownError'));
      const outcome = await install({ name: 'a' }).catch((error) => error);
      opfs.faults.clear();
      assert.deepEqual(content(opfs), before);
      if (outcome instanceof Error) {
        assert.match(outcome.message, /broken/);
        assert.equal(opfs.openHandles, 0);
        assert.equal(locks.isHeld('sahpool:.a'), false);
        assert.equal(sqlite3.capi.sqlite3_vfs_find('a'), 0);
      } else {
        outcome.pauseVfs();
      }
      const util = await (
        await setUp(t, { opfs })
      ).install({ name: 'a', forceReinitIfPreviouslyFailed: true });
      const db = new util.OpfsSAHPoolDb('x.db');
      assert.equal(countRows(db), 200);
      db.close();
    });
  }

  test('of a new pool for want of quota leaves no slots behind', async (t) => {
    const { sqlite3, opfs, install } = await setUp(t);
    let created = 0;
    opfs.faults.on('getFileHandle', ({ create, entry }) => {
      if (create && !entry.startsWith('.') && ++created === 4) {
        throw new DOMException('no space', 'QuotaExceededError');
      }
    });
    await assert.rejects(install({ name: 'a' }), sqliteError(sqlite3, 'SQLITE_FULL', /no space/));
    assert.equal(opfs.slots('.a').length, 0);
    assert.equal(opfs.openHandles, 0);
  });

  test('handles that come late are closed too', async (t) => {
    const opfs = await makePool(t);
    const { install } = await setUp(t, { opfs });
    opfs.faults.on('createSyncAccessHandle', async ({ nth }) => {
      if (nth === 1) throw new DOMException('broken', 'UnknownError');
      await new Promise((resolve) => setTimeout(resolve, 20 * nth));
    });
    await assert.rejects(install({ name: 'a' }), { message: /broken/ });
    assert.equal(opfs.openHandles, 0);
  });
});

describe('slots of odd sizes at start', () => {
  const sizes = { empty: 0, short: 100, 'almost a header': 4095, 'too long': 9000 };
  for (const [title, size] of Object.entries(sizes)) {
    test(`${title}: is a free slot, and the databases are as they were`, async (t) => {
      const { sqlite3, opfs, install } = await setUp(t);
      const util = await install({ name: 'a', initialCapacity: 2 });
      util.importDb('/x.db', databaseBytes(sqlite3, 100));
      util.pauseVfs();
      opfs.put('.a/.opaque/odd', new Uint8Array(size).fill(size > 4096 ? 7 : 0, 4096));
      await util.unpauseVfs();
      assert.equal(util.getCapacity(), 3);
      assert.deepEqual(util.getFileNames(), ['/x.db']);
      assert.deepEqual(util.quarantine().list(), []);
      for (const name of ['/y.db', '/z.db']) util.importDb(name, databaseBytes(sqlite3, 7));
      for (const [name, rows] of Object.entries({ '/x.db': 100, '/y.db': 7, '/z.db': 7 })) {
        assert.equal(rowsInBytes(sqlite3, util.exportFile(name)), rows);
      }
    });
  }

  test('a database that is cut off in its header is kept in quarantine', async (t) => {
    const { sqlite3, opfs, install } = await setUp(t);
    const util = await install({ name: 'a', initialCapacity: 2 });
    util.importDb('/x.db', databaseBytes(sqlite3, 100));
    util.pauseVfs();
    const cut = opfs.slots('.a').find((slot) => slot.size > 4096);
    cut.resize(520);
    const before = cut.bytes;
    await util.unpauseVfs();
    assert.deepEqual(
      util
        .quarantine()
        .list()
        .map(({ slot, name }) => [slot, name]),
      [[cut.name, '/x.db']],
    );
    assert.deepEqual(cut.bytes, before);
  });
});
