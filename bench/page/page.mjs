// Runs jobs for the runner, each in a worker of its own, and clears the storage between them.

// The parameters keep SQLite from starting its OPFS VFSs and their workers where nobody uses them.
function workerUrl({ engine }) {
  const parameters =
    engine === 'official-opfs' ? 'opfs-wl-disable' : 'opfs-disable&opfs-wl-disable';
  return new URL(`worker.mjs?${parameters}`, import.meta.url);
}

let answer = null;
let phase = 'prepare';

/** Starts a job, whose answer wait() gives: what the worker says, with `error` when it failed. */
function start(job) {
  const worker = new Worker(workerUrl(job.contender), { type: 'module' });
  phase = 'prepare';
  answer = new Promise((resolve) => {
    worker.onmessage = ({ data }) => {
      if (data.phase) phase = data.phase;
      else resolve(data);
    };
    worker.onerror = (event) => resolve({ error: `the worker failed: ${event.message}` });
    worker.postMessage(job);
  }).finally(() => worker.terminate());
}

/** Resolves to the answer of the job, or to null when there is none after so many milliseconds. */
function wait(milliseconds) {
  return Promise.race([
    answer,
    new Promise((resolve) => setTimeout(() => resolve(null), milliseconds)),
  ]);
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

/** What a counted job is at: 'prepare', 'measure' or 'verify'. */
function currentPhase() {
  return phase;
}

globalThis.bench = { start, wait, currentPhase, clear };
