// The part of the Web Locks API that a pool uses, for one process: exclusive locks with `ifAvailable`
// and `signal`.

export class StandInLocks {
  #queues = new Map();

  async request(name, options, callback) {
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    if (queue.length > 0 && options.ifAvailable) return callback(null);
    const turn = { start: null };
    const started = new Promise((resolve, reject) => {
      turn.start = resolve;
      options.signal?.addEventListener('abort', () => {
        if (queue[0] === turn) return;
        queue.splice(queue.indexOf(turn), 1);
        reject(new DOMException('The request was aborted', 'AbortError'));
      });
    });
    queue.push(turn);
    if (queue.length === 1) turn.start();
    await started;
    try {
      return await callback({ name, mode: 'exclusive' });
    } finally {
      queue.shift();
      queue[0]?.start();
    }
  }

  /** Whether somebody holds the lock. */
  isHeld(name) {
    return (this.#queues.get(name)?.length ?? 0) > 0;
  }
}
