// Counts what a contender does to its SyncAccessHandles, and the time that it spends there. Used in
// a pass of its own, as the wrapping costs time too.

const methods = ['read', 'write', 'flush', 'truncate', 'getSize'];

// Where each number stands in the counters; times are in microseconds.
const fields = [
  'read',
  'write',
  'flush',
  'truncate',
  'getSize',
  'bytesRead',
  'bytesWritten',
  'time',
];
const place = Object.fromEntries(fields.map((field, index) => [field, index]));

/** Counters that several workers can share. */
export function createCounters() {
  const shared = globalThis.SharedArrayBuffer;
  const bytes = fields.length * Float64Array.BYTES_PER_ELEMENT;
  return new Float64Array(shared ? new shared(bytes) : new ArrayBuffer(bytes));
}

export function readCounters(counters) {
  return Object.fromEntries(fields.map((field, index) => [field, counters[index]]));
}

/** Makes every handle of this worker count into `counters`. */
export function countHandleCalls(counters) {
  const { prototype } = globalThis.FileSystemSyncAccessHandle;
  for (const method of methods) {
    const original = prototype[method];
    prototype[method] = function (...words) {
      const start = performance.now();
      const result = original.apply(this, words);
      counters[place.time] += (performance.now() - start) * 1000;
      counters[place[method]] += 1;
      if (method === 'read') counters[place.bytesRead] += result;
      if (method === 'write') counters[place.bytesWritten] += result;
      return result;
    };
  }
}
