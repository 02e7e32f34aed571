// In the counting pass, the handles of the official "opfs" VFS are in another worker, which is
// started through a script that counts there.

/**
 * Makes the workers that this worker starts count their handle calls.
 * @returns {Float64Array[]} the counters of those workers, as they come in
 */
export function countInStartedWorkers() {
  const all = [];
  const Original = globalThis.Worker;
  globalThis.Worker = class extends Original {
    constructor(url, options) {
      const script = new URL('counted-proxy.js', import.meta.url);
      const original = new URL(url, import.meta.url);
      for (const [key, value] of original.searchParams) script.searchParams.set(key, value);
      script.searchParams.set('proxy', original.href);
      super(script, options);
      // Before VFS's own listener, which complains about messages that it doesn't know.
      this.addEventListener('message', (event) => {
        if (event.data?.type !== 'bench-counters') return;
        event.stopImmediatePropagation();
        all.push(event.data.counters);
      });
    }
  };
  return all;
}
