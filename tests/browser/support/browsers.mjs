// Chromium and Firefox behind one small interface, each on a profile directory of the caller's.
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { findChild, killDescendants, killTree, trackProcess } from './processes.mjs';

/** Starting takes a few seconds, many more on a machine that is busy with other things. */
const startTimeout = 60_000;

const chromiumOptions = {
  timeout: startTimeout,
  executablePath: '/usr/bin/chromium',
  headless: true,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ],
  // Users have it.
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
};

/**
 * A page of a browser: `evaluate(function, argument)`, `goto(url)`, `reload()`, `close()` and
 * `on('console' | 'pageerror', listener)`, which both drivers' own pages have alike.
 * @typedef {import('playwright-core').Page} Page
 *
 * @typedef {object} Browser
 * @property {string} name
 * @property {number} pid the process that all its others descend from
 * @property {(url: string) => Promise<Page>} newPage opens a page and waits until it has loaded
 * @property {(page: Page, bytes: number) => Promise<() => Promise<void>>} limitStorage leaves the
 *     page's origin only `bytes` to store more; returns what lifts the limit
 * @property {() => Promise<void>} killRenderers ends the processes in which pages run, as a crash
 *     of theirs would
 * @property {() => Promise<void>} kill ends every process of the browser at once, as a crash would
 * @property {() => Promise<void>} close ends the browser as a user would
 */

/** @returns {Promise<Browser>} */
async function launchChromium(profile) {
  const context = await chromium.launchPersistentContext(profile, chromiumOptions);
  const pid = findChild(`--user-data-dir=${profile}`);
  trackProcess(pid);
  return {
    name: 'chromium',
    pid,
    async newPage(url) {
      const page = await context.newPage();
      await page.goto(url);
      return page;
    },
    async limitStorage(page, bytes) {
      const session = await context.newCDPSession(page);
      const { origin } = new URL(page.url());
      const { usage } = await session.send('Storage.getUsageAndQuota', { origin });
      const setQuota = (quota) =>
        session.send('Storage.overrideQuotaForOrigin', { origin, ...quota });
      await setQuota({ quotaSize: usage + bytes });
      return () => setQuota({});
    },
    killRenderers: () => killDescendants(pid, (words) => words.includes('--type=renderer')),
    kill: () => killTree(pid),
    async close() {
      await context.close();
      await killTree(pid);
    },
  };
}

/** Browser.limitStorage() by means of a sparse file that takes up the rest of the quota. */
async function occupyStorage(page, bytes) {
  await page.evaluate(async (left) => {
    const root = await navigator.storage.getDirectory();
    const file = await root.getFileHandle('ballast', { create: true });
    const stream = await file.createWritable();
    const { quota, usage } = await navigator.storage.estimate();
    await stream.truncate(quota - usage - left);
    await stream.close();
  }, bytes);
  return () =>
    page.evaluate(async () => (await navigator.storage.getDirectory()).removeEntry('ballast'));
}

/** @returns {Promise<Browser>} */
async function launchFirefox(profile) {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    headless: true,
    userDataDir: profile,
    timeout: startTimeout,
    protocolTimeout: 120_000,
  });
  const { pid } = browser.process();
  trackProcess(pid);
  return {
    name: 'firefox',
    pid,
    async newPage(url) {
      const page = await browser.newPage();
      await page.goto(url);
      return page;
    },
    limitStorage: occupyStorage,
    killRenderers: () =>
      killDescendants(pid, (words) => words.includes('-contentproc') && words.includes('tab')),
    kill: () => killTree(pid),
    async close() {
      await browser.close();
      await killTree(pid);
    },
  };
}

export const browserNames = ['chromium', 'firefox'];

/** Starts the browser `name`, one of browserNames, on `profile`, an existing directory. */
export function launchBrowser(name, profile) {
  return name === 'firefox' ? launchFirefox(profile) : launchChromium(profile);
}
