// What SQLite promises for connections of a WAL database: every reader keeps the snapshot of its
// first read, one writer at a time, and none writes on an old snapshot. Codes lists hold the result
// codes that a step may have.

const OK = 0;
const BUSY = 5;
const BUSY_SNAPSHOT = 517;

export class WalModel {
  /** @param {number[]} values the committed value of each row, by id from 1 */
  constructor(connectionCount, values) {
    this.committed = values;
    this.version = 0;
    /** Counts how often a checkpoint has restarted the WAL, after which it looks changed to all. */
    this.restarts = 0;
    this.writer = null;
    this.connections = Array.from({ length: connectionCount }, () => this.#idle());
  }

  #idle() {
    return { explicit: false, snapshot: null, pending: new Map() };
  }

  #currentSnapshot() {
    return { values: [...this.committed], version: this.version, restarts: this.restarts };
  }

  #view(index) {
    const { snapshot, pending } = this.connections[index];
    const values = snapshot?.values ?? this.committed;
    return values.map((value, at) => pending.get(at + 1) ?? value);
  }

  #commit(values) {
    this.committed = values;
    ++this.version;
  }

  inTransaction(index) {
    return this.connections[index].explicit;
  }

  hasWritten(index) {
    return this.connections[index].pending.size > 0;
  }

  canConnect() {
    return true;
  }

  readCodes() {
    return [OK];
  }

  didRead(index) {
    const connection = this.connections[index];
    if (connection.explicit) connection.snapshot ??= this.#currentSnapshot();
    return this.#view(index);
  }

  writeCodes(index) {
    if (this.writer === index) return [OK];
    if (this.writer !== null) return [BUSY];
    const { snapshot } = this.connections[index];
    if (snapshot && snapshot.version !== this.version) return [BUSY_SNAPSHOT];
    if (snapshot && snapshot.restarts !== this.restarts) return [OK, BUSY_SNAPSHOT];
    return [OK];
  }

  didWrite(index, code, id, value) {
    if (code !== OK) return;
    const connection = this.connections[index];
    if (connection.explicit) {
      this.writer = index;
      connection.snapshot ??= this.#currentSnapshot();
      connection.pending.set(id, value);
    } else {
      this.#commit(this.committed.with(id - 1, value));
    }
  }

  beginCodes(index, kind) {
    return [kind === 'DEFERRED' || this.writer === null ? OK : BUSY];
  }

  didBegin(index, kind) {
    this.connections[index] = { ...this.#idle(), explicit: true };
    if (kind === 'DEFERRED') return;
    this.writer = index;
    this.connections[index].snapshot = this.#currentSnapshot();
  }

  commitCodes() {
    return [OK];
  }

  didCommit(index) {
    if (this.hasWritten(index)) this.#commit(this.#view(index));
    this.didRollback(index);
  }

  didRollback(index) {
    if (this.writer === index) this.writer = null;
    this.connections[index] = this.#idle();
  }

  didOpenCursor(index) {
    this.connections[index].snapshot = this.#currentSnapshot();
  }

  didCloseCursor(index) {
    const values = this.#view(index);
    this.connections[index] = this.#idle();
    return values;
  }

  /** What `PRAGMA wal_checkpoint` may say: 1 that another connection was in its way, 0 that none was. */
  checkpointResults(index, mode) {
    const others = this.connections.filter((_, at) => at !== index);
    if (mode !== 'PASSIVE' && this.writer !== null) return [1];
    return others.some(({ snapshot }) => snapshot) ? [0, 1] : [0];
  }

  didCheckpoint(mode, blocked) {
    if (blocked === 0 && (mode === 'RESTART' || mode === 'TRUNCATE')) ++this.restarts;
  }
}
