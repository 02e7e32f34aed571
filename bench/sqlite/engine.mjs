// What every SQLite engine has: its C API and its memory. The subclasses in engines/ add storage.
import { Connection } from './connection.mjs';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Engine {
  /** How often a call is repeated that the engine asked to wait for. */
  maxAttempts = 5;
  /** The VFS that connect() opens databases in; null: SQLite's default. */
  vfs = null;

  /**
   * @param {Record<string, Function>} api the functions of the C API, by their C names
   * @param {() => Uint8Array} bytes the memory as it is now
   */
  constructor(api, bytes) {
    this.api = api;
    this.bytes = bytes;
  }

  connect(name) {
    return Connection.open(this, name, this.vfs);
  }

  /** Whether the call that has just failed is to be repeated after wait(). */
  isWaiting() {
    return false;
  }

  async wait() {}

  /** Waits for what the last statement has left to be done asynchronously. */
  async finishPending() {}

  /** Gives back what the engine holds. */
  async close() {}

  allocate(bytes) {
    const pointer = this.api.sqlite3_malloc(bytes);
    if (!pointer) throw new Error('out of memory');
    return pointer;
  }

  free(pointer) {
    this.api.sqlite3_free(pointer);
  }

  writeText(text) {
    const content = encoder.encode(`${text}\0`);
    const pointer = this.allocate(content.length);
    this.bytes().set(content, pointer);
    return pointer;
  }

  readText(pointer) {
    if (!pointer) return null;
    const bytes = this.bytes();
    // A copy, as decode() refuses views on shared memory.
    return decoder.decode(bytes.slice(pointer, bytes.indexOf(0, pointer)));
  }

  readPointer(at) {
    const { buffer } = this.bytes();
    return new DataView(buffer).getUint32(at, true);
  }
}

/**
 * Runs some SQL in memory, so that a browser that compiles functions when they are first called has
 * compiled SQLite's before a start is measured.
 */
export async function warmUp(engine) {
  const connection = await engine.connect(':memory:');
  await connection.exec(
    `PRAGMA cache_size = -1000; CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT);
     INSERT INTO t VALUES(1, 'one'); SELECT count(*) FROM t`,
  );
  await connection.close();
}
