// Runs the asynchronous operations of one pool one after the other.

export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();
  #pending = 0;

  /** Whether a task waits or runs that was not given as a background task. */
  get isBusy(): boolean {
    return this.#pending > 0;
  }

  /** Runs `task` after all earlier ones; never before the caller returns to the event loop. */
  run<Result>(task: () => Promise<Result>): Promise<Result> {
    ++this.#pending;
    return this.runInBackground(task).finally(() => {
      --this.#pending;
    });
  }

  /** The same for a task that nobody waits for and that copes with whatever is done meanwhile. */
  runInBackground<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
