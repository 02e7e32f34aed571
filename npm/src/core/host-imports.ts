// What the side module imports from its host: the slots, time, randomness and the console.

import type { HostImports, Pointer } from './abi.js';
import type { HandleTable } from './handle-table.js';
import type { WasmMemory } from './wasm-memory.js';

/** What the host does for one pool when C++ asks for it. Must not call back into C++. */
export interface PoolEvents {
  onLog(level: number, text: string): void;
  onFewFreeSlots(): void;
}

/** crypto.getRandomValues() gives at most so many bytes at a time. */
const RANDOM_BYTES_AT_ONCE = 65536;

function fillRandomly(bytes: Uint8Array): number {
  for (let start = 0; start < bytes.length; start += RANDOM_BYTES_AT_ONCE) {
    const piece = new Uint8Array(Math.min(RANDOM_BYTES_AT_ONCE, bytes.length - start));
    bytes.set(crypto.getRandomValues(piece), start);
  }
  return bytes.length;
}

/**
 * Makes the import object.
 * @param pools the pools by their address.
 * @param logElsewhere for messages of a pool that is not in `pools` yet.
 */
export function createHostImports(
  memory: WasmMemory,
  handles: HandleTable,
  pools: ReadonlyMap<Pointer, PoolEvents>,
  logElsewhere: PoolEvents['onLog'],
): HostImports {
  return {
    sahpool_host_read: handles.read,
    sahpool_host_write: handles.write,
    sahpool_host_truncate: handles.truncate,
    sahpool_host_size: handles.size,
    sahpool_host_flush: handles.flush,
    sahpool_host_error_text: handles.errorText,
    sahpool_host_now: () => Date.now(),
    sahpool_host_clock: () => performance.now(),
    sahpool_host_randomness: (into, count) => fillRandomly(memory.view(into, count)),
    sahpool_host_log(pool, level, text, length) {
      const message = memory.text(text, length);
      const events = pools.get(pool >>> 0);
      if (events) events.onLog(level, message);
      else logElsewhere(level, message);
    },
    sahpool_host_few_free_slots: (pool) => pools.get(pool >>> 0)?.onFewFreeSlots(),
  };
}
