// Starts the asynchronous worker of the official "opfs" VFS with its handle calls counted.
// A classic script, as that worker is one.
async function start() {
  const proxy = new URL(location.href).searchParams.get('proxy');
  const { countHandleCalls, createCounters } = await import('./handle-counters.mjs');
  const counters = createCounters();
  countHandleCalls(counters);
  postMessage({ type: 'bench-counters', counters });
  importScripts(proxy);
}

start();
