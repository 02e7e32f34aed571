// The browser that the jobs run in, on a profile of its own on the disk of the build directory.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launchBrowser } from '../../tests/browser/support/browsers.mjs';
import {
  removeTemporaryDirectory,
  repositoryRoot,
  temporaryDirectory,
} from '../../tests/browser/support/files.mjs';
import { startServer } from '../../tests/browser/support/server.mjs';
import { TestPage } from '../../tests/browser/support/worker.mjs';
import { MemoryWatch } from './memory.mjs';

// What a single step may take, on a slow machine; none should come near it.
const jobDeadline = 600_000;
const clearDeadline = 30_000;
// How long a single call waits for a job: less than what any driver allows.
const waitMilliseconds = 30_000;
// How often the memory is sampled.
const sampleMilliseconds = 20;

export class BenchBrowser {
  #name;
  #page = null;

  constructor(name) {
    this.#name = name;
  }

  async start() {
    const parent = join(repositoryRoot, 'build/bench');
    mkdirSync(parent, { recursive: true });
    // Not in the directory for temporary files, which may be in memory, where a flush costs nothing.
    this.profile = temporaryDirectory(`bench-${this.#name}`, parent);
    this.server = await startServer();
    await this.#launch();
  }

  async #launch() {
    this.browser = await launchBrowser(this.#name, this.profile);
    this.version = await this.#open();
  }

  async #open() {
    this.#page = await TestPage.open(this.browser, `${this.server.origin}/bench/page/index.html`);
    return this.#page.evaluate(() => navigator.userAgent);
  }

  /**
   * Does one job in a new worker, on empty storage.
   * @param {object} job what page/worker.mjs does, and: `build`, whether another worker prepares it
   * @returns {Promise<object>} what the worker answers, with `error` if the job failed; for a
   *     counted job also `memory`: by how many bytes the browser's own memory grew
   */
  async run({ build, ...job }) {
    try {
      await this.#clear();
      if (build) {
        const built = await this.#call({ ...job, stage: 'build' });
        if (built.error) return built;
      }
      const measured = { ...job, stage: 'measure' };
      return await (job.counted ? this.#callWatched(measured) : this.#call(measured));
    } catch (error) {
      // The page may be stuck in the job; the next one gets a browser that isn't.
      await this.#restart();
      return { error: error.message };
    }
  }

  /** In several calls of the page, as a driver may give up a single one that takes long. */
  async #call(job, pieceMilliseconds = waitMilliseconds, onPiece = () => undefined) {
    await this.#page.evaluate((job) => globalThis.bench.start(job), job);
    const deadline = performance.now() + jobDeadline;
    while (performance.now() < deadline) {
      await onPiece();
      const answer = await this.#page.evaluate(
        (milliseconds) => globalThis.bench.wait(milliseconds),
        pieceMilliseconds,
      );
      if (answer) return answer;
    }
    throw new Error(`not done within ${jobDeadline / 1000} s`);
  }

  /** Watching takes time from the job, so that it is part of the counting pass alone. */
  async #callWatched(job) {
    const watch = new MemoryWatch(this.browser.pid);
    const answer = await this.#call(job, sampleMilliseconds, async () => {
      watch.sample(await this.#page.evaluate(() => globalThis.bench.currentPhase()));
    });
    return { ...answer, memory: watch.growth };
  }

  #clear() {
    return this.#page.evaluate(() => globalThis.bench.clear(), null, { deadline: clearDeadline });
  }

  async #restart() {
    await this.browser.kill();
    await this.#launch();
  }

  async stop() {
    try {
      await this.browser?.kill();
    } finally {
      await this.server?.close();
      if (this.profile) removeTemporaryDirectory(this.profile);
    }
  }
}
