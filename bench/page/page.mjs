// Runs jobs for the runner, each in a worker of its own, and clears the storage between them.

// The parameters keep SQLite from starting its OPFS VFSs and their workers where nobody uses them.
function workerUrl({ engine }) {
  const parameters =
    engine === 'official-opfs' ? 'opfs-wl-disable' : 'opfs-disable&opfs-wl-disable';
  return new URL(`worker.mjs?${parameters}`, import.meta.url);
}

/** Resolves to what the worker answers, with `error` when it failed. */
function run(job) {
  const worker = new Worker(workerUrl(job.contender), { type: 'module' });
  return new Promise((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => resolve({ error: `the worker failed: ${event.message}` });
    worker.postMessage(job);
  }).finally(() => worker.terminate());
}

async function removeAll(root) {
  const names = await Array.fromAsync(root.keys());
  for (const name of names) await root.removeEntry(name, { recursive: true });
}

/** Empties the origin's storage; the browser holds a worker's handles for a moment after its end. */
async function clear() {
  const root = await navigator.storage.getDirectory();
  const deadline = performance.now() + 15_000;
  for (;;) {
    try {
      return await removeAll(root);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

globalThis.bench = { run, clear };
