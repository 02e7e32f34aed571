// The official pool's interface, which ours has as well.
import { OfficialEngine } from './official-sqlite.mjs';

const name = 'bench';

export class PoolEngine extends OfficialEngine {
  static async install(sqlite3, { slots = 6 } = {}) {
    const engine = new this(sqlite3);
    engine.pool = await sqlite3.installOpfsSAHPoolVfs({
      name,
      directory: name,
      initialCapacity: slots,
      verbosity: 1,
    });
    engine.vfs = name;
    return engine;
  }

  // The official pool wants the absolute name here, and resolves names only when it opens them.
  async importDatabase(name, next) {
    await this.pool.importDb(`/${name}`, next);
  }

  async exportDatabase(name, visit) {
    visit(this.pool.exportFile(`/${name}`));
  }

  async close() {
    this.pool.pauseVfs();
  }
}
