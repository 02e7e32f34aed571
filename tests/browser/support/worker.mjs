// A module worker in a browser's page that runs functions of the test, so that what is done in the
// browser stands beside what is expected of it.

/** An error that was thrown in the browser, with the properties that tests look at. */
export class WorkerError extends Error {
  constructor({ name, message, resultCode, classes, stack }, consoleLines) {
    super(message);
    this.name = name;
    this.resultCode = resultCode;
    /** Names of the exported classes of the package that it is an instance of. */
    this.classes = classes;
    this.stack = `${name}: ${message}\n${stack}\n${consoleLines.slice(-20).join('\n')}`;
  }
}

function withDeadline(promise, milliseconds, describe) {
  let timer;
  const expired = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(describe())), milliseconds);
  });
  return Promise.race([promise, expired]).finally(() => clearTimeout(timer));
}

/** A page of the browser. Workers can be started in pages/index.html. */
export class TestPage {
  constructor(page) {
    this.page = page;
    this.consoleLines = [];
    page.on('console', (message) => this.consoleLines.push(message.text()));
    page.on('pageerror', (error) => this.consoleLines.push(String(error)));
  }

  static async open(browser, url) {
    return new TestPage(await browser.newPage(url));
  }

  /** Runs `work(argument)` in the page itself. */
  evaluate(work, argument, { deadline = 60_000 } = {}) {
    return withDeadline(
      this.page.evaluate(work, argument),
      deadline,
      () => `no answer of the page within ${deadline} ms\n${this.consoleLines.join('\n')}`,
    );
  }

  /**
   * Starts a worker with SQLite in it.
   * @param {object} [options]
   * @param {'official' | 'sahpool' | 'none'} [options.vfs] which implementation of
   *     installOpfsSAHPoolVfs() its sqlite3 has; none: SQLite is not loaded
   * @param {string} [options.sqlite] the build of SQLite, one of pages/load-sqlite.mjs
   */
  async startWorker({ vfs = 'sahpool', sqlite = '3.54' } = {}) {
    const id = await this.evaluate((options) => globalThis.testWorkers.start(options), {
      vfs,
      sqlite,
    });
    const worker = new TestWorker(this, id);
    await worker.evaluate(({ loading }) => loading.then(() => undefined));
    return worker;
  }

  async reload() {
    await this.page.reload();
  }

  async goto(url) {
    await this.page.goto(url);
  }

  async goBack() {
    await this.page.goBack();
  }

  async close() {
    await this.page.close();
  }
}

export class TestWorker {
  constructor(testPage, id) {
    this.testPage = testPage;
    this.id = id;
  }

  /**
   * Runs `work(context, argument)` in the worker. It can't use names from around it; `context` has
   * `sqlite3`, `sahpool` (the package's exports), `tools` (pages/tools.mjs) and `kept`, an object
   * that lives as long as the worker. Argument and result are JSON.
   */
  async evaluate(work, argument = null, { deadline = 60_000 } = {}) {
    const answer = await this.testPage.evaluate(
      ({ id, source, input }) => globalThis.testWorkers.call(id, source, input),
      { id: this.id, source: work.toString(), input: argument },
      { deadline },
    );
    if (answer.error) throw new WorkerError(answer.error, this.testPage.consoleLines);
    return answer.result;
  }

  /** Ends the worker at once. */
  async terminate() {
    await this.testPage.evaluate((id) => globalThis.testWorkers.terminate(id), this.id);
  }
}
