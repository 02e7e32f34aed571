// SQLite as the official package builds it, which three contenders and ours stand on.
import sqlite3InitModule from '/node_modules/@sqlite.org/sqlite-wasm/dist/index.mjs';
import { Engine, warmUp } from '../sqlite/engine.mjs';

/** Loads the official package. */
export async function loadOfficial() {
  const sqlite3 = await sqlite3InitModule();
  await warmUp(new OfficialEngine(sqlite3));
  return sqlite3;
}

export class OfficialEngine extends Engine {
  constructor(sqlite3) {
    super(sqlite3.wasm.exports, () => sqlite3.wasm.heap8u());
    this.sqlite3 = sqlite3;
  }
}
