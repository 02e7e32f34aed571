// ./run --check: uses the demo page in headless Chromium as a visitor would, reloads it, and checks
// that the data is still there and was not imported again. Prints what it saw; exits with 0 or 1.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const DATA = '/usr/share/unicode/UnicodeData.txt';
const START_MS = 10_000;
const READY_MS = 60_000;

const COUNT_QUERY = `SELECT count(*) AS characters, sum(code) AS codes, max(name) AS last_name,
  (SELECT count(*) FROM import_log) AS imports FROM character;`;

function say(text) {
  console.log(`check: ${text}`);
}

/** What the query must give, counted in the file itself. */
async function expectedRow() {
  const lines = (await readFile(DATA, 'utf8')).split('\n').filter((line) => line !== '');
  const fields = lines.map((line) => line.split(';'));
  const codes = fields.reduce((sum, [code]) => sum + parseInt(code, 16), 0);
  // SQLite compares text bytewise; the names are ASCII, where that is JavaScript's order too.
  const lastName = fields.map(([, name]) => name).reduce((a, b) => (a > b ? a : b));
  return [String(lines.length), String(codes), lastName, '1'];
}

async function startServer() {
  const server = spawn('tools/serve-demo.sh', ['--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => server.once('exit', resolve));
  const lines = createInterface({ input: server.stdout });
  const url = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the server did not start')), START_MS);
    exited.then((code) => reject(new Error(`the server ended with ${code}`)));
    lines.once('line', (line) => {
      clearTimeout(timer);
      resolve(/^Listening on (http:\S+)$/.exec(line)[1]);
    });
  }).catch((error) => {
    server.kill();
    throw error;
  });
  return {
    url,
    async stop() {
      server.kill('SIGTERM');
      return exited;
    },
  };
}

function launchBrowser(profile) {
  return chromium.launchPersistentContext(profile, {
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
  });
}

/** Waits until the page is ready, or fails with what it shows instead. */
async function waitUntilReady(page) {
  await page
    .locator('html[data-state="ready"], html[data-state="failed"]')
    .waitFor({ state: 'attached', timeout: READY_MS });
  const failure = page.locator('#failure');
  if (await failure.isVisible()) throw new Error(`the page failed: ${await failure.innerText()}`);
  // It runs its first example by itself.
  await page.locator('#results-body tr').first().waitFor({ timeout: READY_MS });
}

async function runQuery(page, sql) {
  await page.fill('#sql', sql);
  await page.locator('#query-run:enabled').click();
  await page.locator('#query-run:enabled').waitFor();
  const error = page.locator('#query-error');
  if (await error.isVisible()) throw new Error(`the query failed: ${await error.innerText()}`);
  return page.locator('#results-body tr').first().locator('td').allInnerTexts();
}

async function visit(page, expected) {
  await waitUntilReady(page);
  say(`  status: ${await page.locator('#status').innerText()}`);
  const row = await runQuery(page, COUNT_QUERY);
  say(`  query: ${row.join(', ')} (${await page.locator('#query-summary').innerText()})`);
  assert.deepEqual(row, expected, 'the query gives what is in the file');
  const files = await page.locator('#files .file-name').allInnerTexts();
  const counts = await page.locator('#slot-counts').innerText();
  say(`  files: ${files.join(', ')}; slots: ${counts.replace(/\s+/g, ' ').trim()}`);
  assert.ok(files.includes('/unicode.db'), 'the database is listed');
  return { ...(await page.locator('#status').evaluate((status) => ({ ...status.dataset }))) };
}

/** Imports the page's own download under another name, to go through both ways. */
async function checkDownloadAndImport(page, folder) {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download /unicode.db' }).click(),
  ]);
  const copy = join(folder, 'a copy.db');
  await download.saveAs(copy);
  const bytes = await readFile(copy);
  assert.equal(bytes.toString('latin1', 0, 15), 'SQLite format 3', 'the download is a database');
  await page.locator('html[data-state="ready"] main:not([inert])').waitFor();

  await page.locator('#import-file').setInputFiles(copy);
  await page.locator('#files .file-name', { hasText: '/a copy.db' }).waitFor();
  const error = page.locator('#pool-error');
  assert.ok(!(await error.isVisible()), `no error: ${await error.innerText()}`);
  say(`downloaded /unicode.db (${bytes.length} bytes) and imported it as /a copy.db`);
}

async function check(page, url, folder) {
  const expected = await expectedRow();
  const problems = [];
  page.on('pageerror', (error) => problems.push(`page: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()}`);
  });
  const fetched = [];
  page.context().on('request', (request) => fetched.push(new URL(request.url()).pathname));

  say(`opening ${url}`);
  await page.goto(url);
  const first = await visit(page, expected);
  assert.equal(first.justNow, 'true', 'the first visit imports');
  assert.ok(fetched.includes('/data/UnicodeData.txt'), 'the first visit fetches the data');
  assert.ok(await page.evaluate(() => globalThis.crossOriginIsolated), 'cross-origin isolated');
  await checkDownloadAndImport(page, folder);

  fetched.length = 0;
  say('reloading');
  await page.reload();
  const second = await visit(page, expected);
  assert.equal(second.justNow, 'false', 'the reload does not import');
  assert.equal(second.importedAt, first.importedAt, 'the data is that of the first visit');
  assert.ok(fetched.includes('/npm/dist/sahpool.wasm'), 'the requests of the worker are seen');
  assert.ok(!fetched.includes('/data/UnicodeData.txt'), 'the reload does not fetch the data');
  const isNested = (path) => path.includes('opfs-async-proxy');
  assert.ok(!fetched.some(isNested), 'SQLite starts no worker, on which Firefox may hang');
  await page.selectOption('#query-database', { label: '/a copy.db' });
  assert.deepEqual(await runQuery(page, COUNT_QUERY), expected, 'the imported copy is there too');
  say('the rows are still there, in the imported copy too, and nothing was imported again');
  assert.deepEqual(problems, [], 'no errors in the console');
}

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'sahpool-check-'));
  let server;
  let browser;
  try {
    server = await startServer();
    browser = await launchBrowser(join(folder, 'profile'));
    await check(browser.pages()[0], server.url, folder);
    say('OK');
  } catch (error) {
    say(`FAILED: ${error.message}`);
    process.exitCode = 1;
  } finally {
    await browser?.close();
    const code = await server?.stop();
    if (server && code !== 0) {
      say(`FAILED: the server ended with ${code}`);
      process.exitCode = 1;
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

await main();
