// A database connection through the C API of an engine, the same code for every contender.
import { BUSY, OK, OPEN_CREATE, OPEN_READWRITE } from './codes.mjs';
import { Statement } from './statement.mjs';

const pointerBytes = 4;

export class Connection {
  #api;
  #pointer;

  constructor(engine, pointer) {
    this.engine = engine;
    this.#api = engine.api;
    this.#pointer = pointer;
  }

  /** Opens the database `name` in the VFS `vfs` (null: SQLite's default). */
  static async open(engine, name, vfs) {
    const result = engine.allocate(pointerBytes);
    const zName = engine.writeText(name);
    const zVfs = vfs === null ? 0 : engine.writeText(vfs);
    try {
      const code = await callWithRetries(engine, () =>
        engine.api.sqlite3_open_v2(zName, result, OPEN_READWRITE | OPEN_CREATE, zVfs),
      );
      const connection = new Connection(engine, engine.readPointer(result));
      if (code !== OK) throw connection.error(code, `opening ${name}`);
      engine.api.sqlite3_extended_result_codes(connection.#pointer, 0);
      return connection;
    } finally {
      engine.free(result);
      engine.free(zName);
      if (zVfs) engine.free(zVfs);
    }
  }

  /** The sqlite3* of the C API. */
  get pointer() {
    return this.#pointer;
  }

  error(code, what) {
    const message = this.engine.readText(this.#api.sqlite3_errmsg(this.#pointer));
    return new Error(`${what}: result ${code}, ${message}`);
  }

  /** Prepares one statement. */
  async prepare(sql) {
    const zSql = this.engine.writeText(sql);
    try {
      const { statement } = await this.#prepareNext(zSql);
      if (!statement) throw new Error(`no statement in ${sql}`);
      return statement;
    } finally {
      this.engine.free(zSql);
    }
  }

  /** Runs the statements in `sql`; returns the rows' first columns as texts. */
  async exec(sql) {
    const values = [];
    const zSql = this.engine.writeText(sql);
    try {
      for (let at = zSql; ;) {
        const { statement, tail } = await this.#prepareNext(at);
        if (!statement) break;
        try {
          await statement.each(() => values.push(statement.text(0)));
          await this.engine.finishPending();
        } finally {
          statement.finalize();
        }
        at = tail;
      }
    } finally {
      this.engine.free(zSql);
    }
    return values;
  }

  /** The number that a query of one row and one column gives. */
  async number(sql) {
    const [value] = await this.exec(sql);
    return Number(value);
  }

  async close() {
    const code = this.#api.sqlite3_close_v2(this.#pointer);
    if (code !== OK) throw new Error(`closing the database: result ${code}`);
  }

  async #prepareNext(zSql) {
    const results = this.engine.allocate(2 * pointerBytes);
    try {
      const code = await callWithRetries(this.engine, () =>
        this.#api.sqlite3_prepare_v2(this.#pointer, zSql, -1, results, results + pointerBytes),
      );
      if (code !== OK) throw this.error(code, `preparing ${this.engine.readText(zSql)}`);
      const pointer = this.engine.readPointer(results);
      return {
        statement: pointer ? new Statement(this, pointer) : null,
        tail: this.engine.readPointer(results + pointerBytes),
      };
    } finally {
      this.engine.free(results);
    }
  }
}

async function callWithRetries(engine, call) {
  for (let attempt = 0; ; ++attempt) {
    const code = call();
    if (code === OK || !engine.isWaiting()) return code;
    if (attempt === engine.maxAttempts) return BUSY;
    await engine.wait();
  }
}
