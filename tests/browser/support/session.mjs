// A browser on a profile of its own, and the server that its pages come from.
import { launchBrowser } from './browsers.mjs';
import { removeTemporaryDirectory, temporaryDirectory } from './files.mjs';
import { startServer } from './server.mjs';
import { TestPage } from './worker.mjs';

export class Session {
  constructor(browserName) {
    this.browserName = browserName;
    this.pages = new Set();
  }

  async start() {
    this.profile = temporaryDirectory(this.browserName);
    const launched = launchBrowser(this.browserName, this.profile);
    const [server, browser] = await Promise.allSettled([startServer(), launched]);
    // Assigned before a failure is thrown, so that stop() ends what did start.
    this.server = server.value;
    this.browser = browser.value;
    for (const { status, reason } of [server, browser]) if (status === 'rejected') throw reason;
  }

  async stop() {
    try {
      await this.browser?.kill();
    } finally {
      await this.server?.close();
      removeTemporaryDirectory(this.profile);
    }
  }

  get origin() {
    return this.server.origin;
  }

  /** Opens any page. */
  async openUrl(url) {
    const page = await TestPage.open(this.browser, url);
    this.pages.add(page);
    return page;
  }

  /** The address of the page that starts workers. */
  get pageUrl() {
    return `${this.origin}/tests/browser/pages/index.html`;
  }

  openPage() {
    return this.openUrl(this.pageUrl);
  }

  /** A worker in a page of its own. Options as of TestPage.startWorker(). */
  async startWorker(options) {
    return (await this.openPage()).startWorker(options);
  }

  /** Closes all pages, and with them their workers. */
  async closePages() {
    const pages = [...this.pages];
    this.pages.clear();
    await Promise.all(pages.map((page) => page.close()));
  }

  /** Ends the processes of all pages as a crash would; the browser goes on. */
  async killRenderers() {
    const pages = [...this.pages];
    this.pages.clear();
    await this.browser.killRenderers();
    await Promise.allSettled(pages.map((page) => page.close()));
  }

  /** Ends the browser as a crash would and starts it again on the same profile and origin. */
  async crashAndRestart() {
    this.pages.clear();
    await this.browser.kill();
    this.browser = await launchBrowser(this.browserName, this.profile);
  }
}
