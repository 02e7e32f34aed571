// A prepared statement, stepped through the C API of the engine that its connection belongs to. This
// is the same code for every contender, so that they differ in what is below SQLite alone.
//
// Some engines answer SQLITE_BUSY when they have to wait for something asynchronous. run() and
// each() then return a promise, and otherwise nothing, so that a caller need not await each call:
//
//   const waiting = statement.run();
//   if (waiting) await waiting;
import { BUSY, DONE, ROW } from './codes.mjs';

const maxTextBytes = 4096;
const encoder = new TextEncoder();

export class Statement {
  #engine;
  #api;
  #pointer;
  #connection;
  #texts = new Map();

  constructor(connection, pointer) {
    this.#connection = connection;
    this.#engine = connection.engine;
    this.#api = connection.engine.api;
    this.#pointer = pointer;
  }

  bindInt(index, value) {
    this.#api.sqlite3_bind_int(this.#pointer, index, value);
  }

  /** Binds a text of at most 4096 bytes, kept in a buffer of the statement's. */
  bindText(index, text) {
    let buffer = this.#texts.get(index);
    if (buffer === undefined) {
      buffer = this.#engine.allocate(maxTextBytes);
      this.#texts.set(index, buffer);
    }
    const { written, read } = encoder.encodeInto(
      text,
      this.#engine.bytes().subarray(buffer, buffer + maxTextBytes),
    );
    if (read !== text.length) throw new Error('the text is too long');
    this.#api.sqlite3_bind_text(this.#pointer, index, buffer, written, 0);
  }

  /** The column of the row that a visitor of each() is at. */
  int(column) {
    return this.#api.sqlite3_column_int(this.#pointer, column);
  }

  /** For sums that go beyond 32 bits. */
  double(column) {
    return this.#api.sqlite3_column_double(this.#pointer, column);
  }

  /** The length in bytes of a text or blob; SQLite has to read all of it. */
  textLength(column) {
    this.#api.sqlite3_column_text(this.#pointer, column);
    return this.#api.sqlite3_column_bytes(this.#pointer, column);
  }

  text(column) {
    return this.#engine.readText(this.#api.sqlite3_column_text(this.#pointer, column));
  }

  /** Executes the statement; rows are passed over. */
  run() {
    return this.each(ignore);
  }

  /** Executes the statement and calls `visit()` at each row. */
  each(visit) {
    const code = this.#walk(visit);
    if (code === DONE) return undefined;
    if (code === BUSY && this.#engine.isWaiting()) return this.#waitAndWalk(visit);
    throw this.#connection.error(code, 'step');
  }

  #walk(visit) {
    const { sqlite3_step: step } = this.#api;
    let code;
    while ((code = step(this.#pointer)) === ROW) visit();
    if (code !== BUSY || !this.#engine.isWaiting()) this.#api.sqlite3_reset(this.#pointer);
    return code;
  }

  async #waitAndWalk(visit) {
    for (let attempt = 0; attempt < this.#engine.maxAttempts; ++attempt) {
      await this.#engine.wait();
      const code = this.#walk(visit);
      if (code === DONE) return;
      if (code !== BUSY || !this.#engine.isWaiting()) throw this.#connection.error(code, 'step');
    }
    throw new Error('the engine asked to wait again and again');
  }

  finalize() {
    this.#api.sqlite3_finalize(this.#pointer);
    for (const buffer of this.#texts.values()) this.#engine.free(buffer);
    this.#texts.clear();
  }
}

function ignore() {}
