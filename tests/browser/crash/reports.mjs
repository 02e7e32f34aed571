// Takes the reports of ledgers: what is committed is known here before the worker goes on, so a
// crash can't take back anything that was reported without its being noticed.
import { createServer } from 'node:http';

/** What is known of one ledger. */
class Knowledge {
  /** Reports of another life come from a worker that is on its way out: they change nothing. */
  life = 0;
  committed = 0;
  /** What copy.db may hold: the sequence of the last copy, and of one under way; null: no file. */
  copies = new Set([null]);
  /** Commits that this life has reported. */
  commits = 0;
  failed = null;
  isStopped = false;

  beginLife(life) {
    Object.assign(this, { life, commits: 0, failed: null, isStopped: false });
  }

  take(event) {
    if ('committed' in event) {
      this.committed = event.committed;
      ++this.commits;
    }
    if ('copying' in event) this.copies.add(event.copying);
    if ('copied' in event) this.copies = new Set([event.copied]);
    if ('failed' in event) this.failed = event.failed;
    if ('stopped' in event) this.isStopped = true;
  }
}

export class Reports {
  #server = createServer((request, response) => this.#answer(request, response));
  #known = new Map();
  /** Whether ledgers are told to stop. */
  isStopping = false;

  async listen() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.#server.address().port}/`;
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** @returns {Knowledge} */
  of(directory) {
    if (!this.#known.has(directory)) this.#known.set(directory, new Knowledge());
    return this.#known.get(directory);
  }

  async #answer(request, response) {
    let body = '';
    try {
      for await (const chunk of request) body += chunk;
    } catch {
      return; // Killed in the middle of a report, so not waited for either.
    }
    const { directory, life, ...event } = JSON.parse(body);
    const knowledge = this.of(directory);
    if (life === knowledge.life) knowledge.take(event);
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.end(this.isStopping ? 'stop' : 'go on');
  }
}
