// The demo's pool and the connections to its databases.

import sqlite3InitModule from '/node_modules/@sqlite.org/sqlite-wasm/dist/index.mjs';
import { attach } from '/npm/dist/index.js';
import { runQuery } from './query.js';
import { UNICODE_DATABASE, importUnicode, unicodeImport } from './unicode-data.js';

const VFS_NAME = 'sahpool-demo';
const COMPANION = /-(journal|wal)$/;

export class DemoPool {
  #sqlite3;
  #util;
  /** Open connections by database name: opening one for each query would parse its schema anew. */
  #connections = new Map();

  static async open() {
    // The page is isolated: SQLite would start the worker of its own VFS, on which Firefox may hang.
    globalThis.sqlite3ApiConfig = { disable: { vfs: { opfs: true, 'opfs-wl': true } } };
    const sqlite3 = await attach(sqlite3InitModule());
    const util = await sqlite3.installOpfsSAHPoolVfs({
      name: VFS_NAME,
      directory: 'sahpool-demo',
      initialCapacity: 12,
    });
    return new DemoPool(sqlite3, util);
  }

  constructor(sqlite3, util) {
    this.#sqlite3 = sqlite3;
    this.#util = util;
  }

  /** Imports the Unicode data unless the pool has it. Says when it was imported, and if just now. */
  async ensureUnicode(onProgress) {
    const existed = this.#util.getFileNames().includes(UNICODE_DATABASE);
    const db = existed ? this.#connect(UNICODE_DATABASE) : this.#create(UNICODE_DATABASE);
    const earlier = unicodeImport(db);
    if (earlier) return { ...earlier, justNow: false };
    await importUnicode(db, onProgress);
    return { ...unicodeImport(db), justNow: true };
  }

  overview() {
    const quarantine = this.#util.quarantine().list();
    const files = this.#util.getFileNames().sort();
    const capacity = this.#util.getCapacity();
    return {
      capacity,
      free: capacity - files.length - quarantine.length,
      files: files.map((name) => this.#describe(name)),
      quarantine,
      unicodeDatabase: UNICODE_DATABASE,
    };
  }

  query(database, sql) {
    return runQuery(this.#sqlite3, this.#connect(database), sql);
  }

  /** Streams a file of the user's into the pool; it never has to fit into memory. */
  async importFile(name, file, onProgress) {
    // The pool may know a connection's file by another spelling of the same name.
    for (const open of [...this.#connections.keys()]) this.#disconnect(open);
    const reader = file.stream().getReader();
    let done = 0;
    const source = async () => {
      const { value } = await reader.read();
      if (value)
        onProgress({
          label: `Importing ${file.name}`,
          done: (done += value.length),
          total: file.size,
        });
      return value;
    };
    try {
      return await this.#util.importDb(name, source);
    } finally {
      await reader.cancel();
    }
  }

  exportFile(name) {
    return this.#util.exportFile(name);
  }

  unlink(name) {
    this.#disconnect(name);
    return this.#util.unlink(name);
  }

  addSlot() {
    return this.#util.addCapacity(1);
  }

  async removeSlot() {
    const removed = await this.#util.reduceCapacity(1);
    if (removed === 0) throw new Error('No slot is free, so none can be removed.');
  }

  recover(slot, name) {
    this.#util.quarantine().recover(slot, name);
  }

  discard(slot) {
    this.#util.quarantine().discard(slot);
  }

  #create(name) {
    const db = new this.#sqlite3.oo1.DB(name, 'c', VFS_NAME);
    this.#connections.set(name, db);
    return db;
  }

  #connect(name) {
    const open = this.#connections.get(name);
    if (open) return open;
    const db = new this.#sqlite3.oo1.DB(name, 'w', VFS_NAME);
    this.#connections.set(name, db);
    return db;
  }

  #disconnect(name) {
    this.#connections.get(name)?.close();
    this.#connections.delete(name);
  }

  #describe(name) {
    const companion = COMPANION.exec(name);
    if (companion) return { name, kind: companion[1] };
    try {
      const bytes = this.#connect(name).selectValue(
        'SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()',
      );
      return { name, kind: 'database', bytes: Number(bytes) };
    } catch (error) {
      return { name, kind: 'unreadable', problem: error.message };
    }
  }
}
