// Hooks before the calls of a stand-in, by the names of the operations; see opfs.mjs for what they may do.

export class FaultTable {
  #hooks = new Map();
  #counts = new Map();

  /** Calls `hook` before every `operation` until the returned function is called. */
  on(operation, hook) {
    const hooks = this.#hooks.get(operation) ?? [];
    hooks.push(hook);
    this.#hooks.set(operation, hooks);
    this.#counts.set(operation, 0);
    return () => {
      const left = this.#hooks.get(operation).filter((it) => it !== hook);
      this.#hooks.set(operation, left);
    };
  }

  /** Lets the `nth` call from now on throw `error`. */
  failNth(operation, nth, error) {
    return this.on(operation, (call) => {
      if (call.nth === nth) throw error;
    });
  }

  clear() {
    this.#hooks.clear();
  }

  /** How often the operation was called since its last hook was set. */
  count(operation) {
    return this.#counts.get(operation) ?? 0;
  }

  consult(operation, details) {
    const nth = this.count(operation) + 1;
    this.#counts.set(operation, nth);
    let result;
    for (const hook of this.#hooks.get(operation) ?? []) {
      result ??= hook({ ...details, nth });
    }
    return result;
  }
}
