// No SQLite: one SyncAccessHandle, which the workloads use for the least that the job needs.

class RawEngine {
  constructor(handle) {
    this.handle = handle;
  }

  /** Writes everything in large pieces; the content doesn't matter. */
  fill(bytes) {
    const piece = new Uint8Array(1 << 20).fill(0x5a);
    for (let at = 0; at < bytes; at += piece.length) {
      this.write(piece.subarray(0, Math.min(piece.length, bytes - at)), at);
    }
  }

  write(piece, at) {
    if (this.handle.write(piece, { at }) !== piece.length) throw new Error('short write');
  }

  async close() {
    this.handle.close();
  }
}

export async function load() {}

export async function start() {
  const root = await navigator.storage.getDirectory();
  const file = await root.getFileHandle('raw', { create: true });
  return new RawEngine(await file.createSyncAccessHandle());
}
