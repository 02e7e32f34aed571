// What the browser last said about quota and usage. Asking is asynchronous, so errors can only quote
// the last answer.

export class StorageEstimate {
  #text = '';
  #isAsking = false;

  /** For the end of an error text, '' when the browser never answered. */
  get text(): string {
    return this.#text;
  }

  /** Asks again, in the background. */
  refresh(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    void this.#ask()
      .catch(() => {
        this.#text = '';
      })
      .finally(() => {
        this.#isAsking = false;
      });
  }

  async #ask(): Promise<void> {
    const { usage, quota } = await navigator.storage.estimate();
    this.#text =
      usage === undefined || quota === undefined
        ? ''
        : ` (last known: ${usage} of ${quota} bytes of this origin's quota in use)`;
  }
}
