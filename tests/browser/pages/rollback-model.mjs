// What SQLite promises for connections of a database with a rollback journal (modes DELETE,
// TRUNCATE and PERSIST), as in https://sqlite.org/lockingv3.html: who gets SQLITE_BUSY, and what
// is committed. Codes lists hold the result codes that a step may have.

const [NONE, SHARED, RESERVED, PENDING, EXCLUSIVE] = [0, 1, 2, 3, 4];
const OK = 0;
const BUSY = 5;

export class RollbackModel {
  /** @param {number[]} values the committed value of each row, by id from 1 */
  constructor(connectionCount, values) {
    this.committed = values;
    this.connections = Array.from({ length: connectionCount }, () => this.#idle());
  }

  #idle() {
    return { lock: NONE, explicit: false, pending: new Map() };
  }

  /** Whether another connection holds `lock` or more. */
  #othersHold(index, lock) {
    return this.connections.some((other, at) => at !== index && other.lock >= lock);
  }

  #view(index) {
    const { pending } = this.connections[index];
    return this.committed.map((value, at) => pending.get(at + 1) ?? value);
  }

  inTransaction(index) {
    return this.connections[index].explicit;
  }

  hasWritten(index) {
    return this.connections[index].pending.size > 0;
  }

  canConnect(index) {
    return !this.#othersHold(index, PENDING);
  }

  readCodes(index) {
    const shared = this.connections[index].lock >= SHARED || !this.#othersHold(index, PENDING);
    return [shared ? OK : BUSY];
  }

  didRead(index) {
    const connection = this.connections[index];
    if (connection.explicit) connection.lock = Math.max(connection.lock, SHARED);
    return this.#view(index);
  }

  writeCodes(index) {
    const { explicit, lock } = this.connections[index];
    if (lock >= RESERVED) return [OK];
    if (this.#othersHold(index, RESERVED)) return [BUSY];
    // On its own, the statement commits at its end, which no reader may stand against.
    return [!explicit && this.#othersHold(index, SHARED) ? BUSY : OK];
  }

  didWrite(index, code, id, value) {
    if (code !== OK) return;
    const connection = this.connections[index];
    if (connection.explicit) {
      connection.lock = Math.max(connection.lock, RESERVED);
      connection.pending.set(id, value);
    } else {
      this.committed[id - 1] = value;
    }
  }

  beginCodes(index, kind) {
    if (kind === 'DEFERRED') return [OK];
    const inTheWay = kind === 'IMMEDIATE' ? RESERVED : SHARED;
    return [this.#othersHold(index, inTheWay) ? BUSY : OK];
  }

  didBegin(index, kind) {
    const lock = { DEFERRED: NONE, IMMEDIATE: RESERVED, EXCLUSIVE }[kind];
    this.connections[index] = { ...this.#idle(), explicit: true, lock };
  }

  commitCodes(index) {
    // A write transaction asks for EXCLUSIVE even if it has written nothing.
    const writing = this.connections[index].lock >= RESERVED;
    return [writing && this.#othersHold(index, SHARED) ? BUSY : OK];
  }

  didCommit(index, code) {
    const connection = this.connections[index];
    if (code !== OK) {
      // The writer keeps PENDING: no new reader gets in before it has tried again.
      connection.lock = Math.max(connection.lock, PENDING);
      return;
    }
    this.committed = this.#view(index);
    this.connections[index] = this.#idle();
  }

  didRollback(index) {
    this.connections[index] = this.#idle();
  }

  didOpenCursor(index) {
    this.connections[index].lock = SHARED;
  }

  didCloseCursor(index) {
    this.connections[index] = this.#idle();
    return this.#view(index);
  }
}
