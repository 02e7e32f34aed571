// The conformance suite over the browser's own OPFS.
import assert from 'node:assert/strict';
import { it } from 'node:test';

/** Runs in the worker: every case, on files of its own. */
async function runAll({ tools }, { directory }) {
  const { conformanceWasm, runConformance } = await import('/tests/conformance/host.mjs');
  const { loadSqlite } = await import('/tests/browser/pages/load-sqlite.mjs');
  const slots = await tools.opfsDirectory(directory, { create: true });
  const open = [];
  try {
    return await runConformance({
      sqlite3: await loadSqlite('3.54'),
      module: await WebAssembly.compileStreaming(fetch(conformanceWasm)),
      async createHandle(index) {
        const file = await slots.getFileHandle(`slot-${index}`, { create: true });
        const handle = await file.createSyncAccessHandle();
        open.push(handle);
        return handle;
      },
    });
  } finally {
    for (const handle of open) {
      handle.truncate(0);
      handle.close();
    }
  }
}

export function conformance(session) {
  it('every case passes', async () => {
    const worker = await session.startWorker({ vfs: 'none' });
    const results = await worker.evaluate(
      runAll,
      { directory: 'conformance' },
      { deadline: 300_000 },
    );
    assert.ok(results.length > 70, `only ${results.length} cases`);
    const failures = results.filter(({ failure }) => failure !== null);
    assert.deepEqual(failures, []);
  });
}
