// Faults of the official VFS that depend on how a browser's own handles behave. Each rule is checked
// here and on the official VFS, where it must be broken: so a test that can't fail is noticed. More
// of them, on a stand-in for OPFS: tests/node/official-faults.test.mjs.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { complete, leaveDatabase, startWithDatabase } from '../support/item-database.mjs';

/** Runs in the worker: opens the pool and lets go of it. */
async function startAndPause({ sqlite3, tools }, { directory }) {
  const pool = await tools.installPool(sqlite3, directory);
  pool.pauseVfs();
}

/** Runs in the worker: opens the pool, and says what is in the database. */
async function startAndLook({ sqlite3, tools }, { directory }) {
  const pool = await tools.installPool(sqlite3, directory);
  try {
    const db = new pool.OpfsSAHPoolDb({ filename: 'items.db', flags: 'w' });
    return tools.summary(db);
  } catch (error) {
    return error.name;
  }
}

/**
 * Runs in the worker: a start that must fail, as the slot `name` is held by somebody or is broken,
 * while the handles of the other slots open so late that the failure is known by then. Returns the
 * failure's text.
 */
async function failToStart({ sqlite3, tools }, { directory, name, isHeld }) {
  const { prototype } = globalThis.FileSystemFileHandle;
  const { createSyncAccessHandle } = prototype;
  const delay = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const slots = await tools.opfsDirectory(`${directory}/.opaque`);
  const file = await slots.getFileHandle(name);
  const held = isHeld ? await file.createSyncAccessHandle() : null;
  prototype.createSyncAccessHandle = async function () {
    if (this.name !== name) await delay(50);
    else if (!isHeld) throw new DOMException('broken', 'UnknownError');
    return createSyncAccessHandle.call(this);
  };
  const options = { acquireTimeout: 0 };
  const error = await tools.errorOf(() => tools.installPool(sqlite3, directory, options));
  await delay(300);
  prototype.createSyncAccessHandle = createSyncAccessHandle;
  held?.close();
  return error?.message;
}

/** Runs in the worker: the slots of the pool, and how many of them somebody has open. */
async function countSlots({ tools }, { directory }) {
  const slots = await tools.opfsDirectory(`${directory}/.opaque`);
  const names = await tools.slotNames(directory);
  const attempts = await Promise.allSettled(
    names.map(async (name) => {
      const file = await slots.getFileHandle(name);
      (await file.createSyncAccessHandle()).close();
    }),
  );
  return {
    all: names.length,
    open: attempts.filter(({ status }) => status === 'rejected').length,
  };
}

/** A pool in a worker whose start has failed. `vfs` as the options of TestPage.startWorker(). */
async function leaveFailedStart(session, directory, vfs, { isHeld }) {
  const page = await leaveDatabase(session, directory, vfs);
  const starter = await page.startWorker(vfs);
  const [name] = await starter.evaluate(({ tools }, { directory }) => tools.slotNames(directory), {
    directory,
  });
  const failure = await starter.evaluate(failToStart, { directory, name, isHeld });
  assert.ok(failure, 'the start has failed');
  return { page, starter };
}

async function handlesOfFailedStart(session, directory, vfs) {
  const { page } = await leaveFailedStart(session, directory, vfs, { isHeld: true });
  const other = await page.startWorker({ vfs: 'none' });
  return other.evaluate(countSlots, { directory });
}

async function databaseAfterFailedStart(session, directory, vfs) {
  const { page, starter } = await leaveFailedStart(session, directory, vfs, { isHeld: false });
  await starter.terminate();
  return (await page.startWorker(vfs)).evaluate(startAndLook, { directory });
}

async function handlesOfPausedPool(session, directory, vfs) {
  const page = await leaveDatabase(session, directory, vfs);
  const worker = await page.startWorker(vfs);
  await worker.evaluate(
    async ({ sqlite3, tools }, { directory }) => {
      const pool = await tools.installPool(sqlite3, directory);
      const adding = pool.addCapacity(3);
      let isPaused = false;
      try {
        pool.pauseVfs();
        isPaused = true;
      } catch {
        // To refuse it is as good.
      }
      await adding;
      if (!isPaused) pool.pauseVfs();
    },
    { directory },
  );
  const other = await page.startWorker({ vfs: 'none' });
  return other.evaluate(countSlots, { directory });
}

/** The file of a slot in whose flags the bit has flipped that says database, after two starts. */
async function slotWithOddFlags(session, directory, vfs, { hasDigest }) {
  const page = await leaveDatabase(session, directory, vfs);
  const editor = await page.startWorker({ vfs: 'none' });
  const before = await editor.evaluate(
    async ({ tools }, { directory, hasDigest }) => {
      // Where the header of 4096 bytes has flags (512) and digest (516).
      await tools.withRawFile(directory, '/items.db', (content) => {
        const [high, low] = content.read(514 - 4096, 2);
        content.write(Uint8Array.of(high ^ 1, hasDigest ? low : low & ~0x80), 514 - 4096);
        if (!hasDigest) content.write(new Uint8Array(8), 516 - 4096);
      });
      return (await tools.readSlots(directory)).find(({ path }) => path === '/items.db');
    },
    { directory, hasDigest },
  );
  for (let start = 1; start <= 2; ++start) {
    const starter = await page.startWorker(vfs);
    await starter.evaluate(startAndPause, { directory });
    await starter.terminate();
  }
  const slots = await editor.evaluate(({ tools }, { directory }) => tools.readSlots(directory), {
    directory,
  });
  const after = slots.find(({ name }) => name === before.name);
  return { path: after.path, isWhole: after.size === before.size };
}

/** The primary result code of a write for which there is no space. */
async function codeOfNoSpace(session, directory, vfs) {
  const worker = await startWithDatabase(session, directory, vfs);
  const lift = await session.browser.limitStorage(worker.testPage.page, 2_000_000);
  const { resultCode } = await worker.evaluate(({ tools, kept: { db } }) =>
    tools.errorOf(() => db.exec('INSERT INTO item(name) VALUES(hex(randomblob(3000000)))')),
  );
  await lift();
  return resultCode & 0xff;
}

const untouched = { path: '/items.db', isWhole: true };
const truncated = { path: '', isWhole: false };

/** `kept`: the outcome here; `broken`: that of the official VFS of SQLite `version`. */
const rules = {
  'a failed start leaves no handle open': {
    outcome: handlesOfFailedStart,
    kept: { all: 6, open: 0 },
    broken: { all: 6, open: 5 },
    version: '3.53',
  },
  'a failed start deletes nothing': {
    outcome: databaseAfterFailedStart,
    kept: complete,
    broken: 'SQLite3Error',
    version: '3.54',
  },
  'no handle that opens beside a pause stays open': {
    outcome: handlesOfPausedPool,
    kept: { all: 9, open: 0 },
    broken: { all: 9, open: 3 },
    version: '3.54',
  },
  'no space left is SQLITE_FULL': {
    outcome: codeOfNoSpace,
    kept: 13,
    broken: 10,
    version: '3.54',
  },
  'unexpected flags in a header cost nothing': {
    outcome: (...given) => slotWithOddFlags(...given, { hasDigest: true }),
    kept: untouched,
    broken: truncated,
    version: '3.54',
  },
  'nor do they in the header of an older version': {
    outcome: (...given) => slotWithOddFlags(...given, { hasDigest: false }),
    kept: untouched,
    broken: truncated,
    version: '3.54',
  },
};

export function officialFaults(session) {
  Object.entries(rules).forEach(([rule, { outcome, kept, broken, version }], index) => {
    it(rule, async () => {
      const seen = await outcome(session, `rule-${index}`, { vfs: 'sahpool' });
      assert.deepEqual(seen, kept);
    });
    it(`SQLite ${version} breaks: ${rule}`, async () => {
      const vfs = { vfs: 'official', sqlite: version };
      assert.deepEqual(await outcome(session, `broken-rule-${index}`, vfs), broken);
    });
  });
}
