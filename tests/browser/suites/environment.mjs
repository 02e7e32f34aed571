// Places in a browser where no pool can be: the error says why.
import assert from 'node:assert/strict';
import { it } from 'node:test';

/** Runs in a page: tries to start a pool on its main thread. */
async function startOnMainThread() {
  const { attach } = await import('/npm/dist/index.js');
  const { loadSqlite } = await import('/tests/browser/pages/load-sqlite.mjs');
  const sqlite3 = await attach(await loadSqlite('3.54'));
  try {
    await sqlite3.installOpfsSAHPoolVfs({ name: 'main-thread' });
    return null;
  } catch ({ name, message }) {
    return { name, message };
  }
}

/** Runs in a page: tries to start a pool in a shared worker. */
function startInSharedWorker() {
  const worker = new globalThis.SharedWorker('/tests/browser/pages/shared-worker.mjs', {
    type: 'module',
  });
  return new Promise((resolve, reject) => {
    worker.onerror = () => reject(new Error('the shared worker failed'));
    worker.port.onmessage = ({ data }) => resolve(data);
  });
}

export function environment(session) {
  for (const [place, start, description] of [
    ['the main thread', startOnMainThread, 'the main thread of a page'],
    ['a shared worker', startInSharedWorker, 'a shared worker'],
  ]) {
    it(`refuses to start in ${place}`, async () => {
      const page = await session.openPage();
      const error = await page.evaluate(start);
      assert.equal(error?.name, 'UnsupportedEnvironmentError', JSON.stringify(error));
      assert.ok(error.message.includes(description), error.message);
    });
  }
}
