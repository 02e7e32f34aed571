// The official SQLite on a database in memory: what SQLite itself costs.
import { loadOfficial, OfficialEngine } from './official-sqlite.mjs';

class MemoryEngine extends OfficialEngine {
  #connection = null;

  /** A second connection would be another database, and closing the first one would lose it. */
  async connect() {
    this.#connection ??= await super.connect(':memory:');
    this.#connection.close = async () => undefined;
    return this.#connection;
  }
}

export const load = loadOfficial;

export async function start(sqlite3) {
  return new MemoryEngine(sqlite3);
}
