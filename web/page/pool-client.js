// The page's side of the worker: each method of the worker's as a function that returns a promise.

/**
 * Starts a worker.
 * @param onProgress called with what the worker reports while it is busy.
 * @param onCrash called with an Error when the worker can't be loaded or dies.
 */
export function startPoolClient(onProgress, onCrash) {
  const worker = new Worker(new URL('../worker/worker.js', import.meta.url), { type: 'module' });
  const waiting = new Map();
  let lastId = 0;

  worker.addEventListener('message', ({ data }) => {
    if (data.progress) {
      onProgress(data.progress);
      return;
    }
    const { resolve, reject } = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error) reject(Object.assign(new Error(data.error.message), { name: data.error.name }));
    else resolve(data.result);
  });
  worker.addEventListener('error', (event) => {
    const where = event.filename ? ` (${event.filename}:${event.lineno})` : '';
    onCrash(new Error(`${event.message ?? 'The worker could not be loaded'}${where}`));
  });

  return {
    call: (method, ...args) =>
      new Promise((resolve, reject) => {
        lastId += 1;
        waiting.set(lastId, { resolve, reject });
        worker.postMessage({ id: lastId, method, args });
      }),
    stop: () => worker.terminate(),
  };
}
