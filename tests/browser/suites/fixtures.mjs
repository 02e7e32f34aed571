// Pools that the official VFS made long ago open with everything that was in them.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fixtureNames, readFixture } from '../support/fixtures.mjs';

/** Runs in the worker: what a pool that was copied into OPFS contains. */
async function openFixture({ sqlite3, tools }, { directory, slots, files }) {
  await tools.writeSlots(directory, slots);
  const pool = await tools.installPool(sqlite3, directory);
  const seen = { names: pool.getFileNames(), capacity: pool.getCapacity(), files: {} };
  for (const file of files) {
    const db = new pool.OpfsSAHPoolDb(file);
    seen.files[file] = tools.summary(db);
    db.close();
  }
  seen.namesAfter = pool.getFileNames();
  return seen;
}

export function fixtures(session) {
  for (const name of fixtureNames) {
    it(`${name} has its rows, sums and names`, async () => {
      const { slots, expected } = readFixture(name);
      const worker = await session.startWorker();
      const seen = await worker.evaluate(openFixture, {
        directory: name,
        slots,
        files: Object.keys(expected.files),
      });
      assert.deepEqual(seen.files, expected.files);
      assert.deepEqual(seen.names.sort(), expected.names.sort());
      assert.equal(seen.capacity, expected.capacity);
      // Rolling back has used up the hot journal.
      const databases = expected.names.filter((path) => !path.endsWith('-journal'));
      assert.deepEqual(seen.namesAfter.sort(), databases.sort());
    });
  }
}
