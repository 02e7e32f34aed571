// Starts workers for the test and carries its calls to them.

// The parameters keep SQLite from starting its other OPFS VFSs, whose workers no test needs.
const workerUrl = new URL('worker.mjs?opfs-disable&opfs-wl-disable', import.meta.url);

const workers = new Map();

function start(options) {
  const id = crypto.randomUUID();
  const worker = new Worker(workerUrl, { type: 'module' });
  const pending = new Map();
  workers.set(id, { worker, pending });
  worker.onmessage = ({ data: { call, answer } }) => {
    pending.get(call)(answer);
    pending.delete(call);
  };
  return new Promise((resolve, reject) => {
    pending.set('start', () => resolve(id));
    worker.onerror = (event) => reject(new Error(`the worker failed: ${event.message}`));
    worker.postMessage({ call: 'start', options });
  });
}

function call(id, source, input) {
  const { worker, pending } = workers.get(id);
  const number = crypto.randomUUID();
  return new Promise((resolve) => {
    pending.set(number, resolve);
    worker.postMessage({ call: number, source, input });
  });
}

function terminate(id) {
  workers.get(id).worker.terminate();
  workers.delete(id);
}

globalThis.testWorkers = { start, call, terminate };
