// WebKitGTK's MiniBrowser on a display of its own. It can't be driven: its page reports to a server
// of the test's.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { removeTemporaryDirectory, temporaryDirectory } from './files.mjs';
import { killTree, trackProcess } from './processes.mjs';

const miniBrowser = '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser';

/** Starts Xvfb on a display number that it picks. */
function startDisplay() {
  const child = spawn('Xvfb', ['-displayfd', '3', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`Xvfb ended with status ${code}`)));
    if (child.pid !== undefined) trackProcess(child.pid);
    let number = '';
    child.stdio[3].on('data', (chunk) => {
      number += chunk;
      if (number.endsWith('\n')) resolve({ display: `:${number.trim()}`, pid: child.pid });
    });
  });
}

/** Waits for one JSON document that a page posts. */
async function startReportServer() {
  let deliver;
  const report = new Promise((resolve) => {
    deliver = resolve;
  });
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    response.writeHead(204, { 'Access-Control-Allow-Origin': '*' }).end();
    if (request.method === 'POST') deliver(JSON.parse(body));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}/`;
  return { url, report, close: () => server.closeAllConnections() ?? server.close() };
}

/**
 * Opens a page in MiniBrowser, with the address to report to in its parameter `report`, and returns
 * what the page posted there.
 */
export async function reportOfPage(pageUrl, deadline = 60_000) {
  const home = temporaryDirectory('webkit');
  const reports = await startReportServer();
  const { display, pid: displayPid } = await startDisplay();
  const url = new URL(pageUrl);
  url.searchParams.set('report', reports.url);
  const features = '--features=+AccessHandle,+FileSystem,+StorageAPI';
  const browser = spawn(miniBrowser, [features, url.href], {
    env: {
      ...process.env,
      DISPLAY: display,
      HOME: home,
      XDG_DATA_HOME: home,
      XDG_CACHE_HOME: home,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  browser.stderr.on('data', (chunk) => (output += chunk));
  if (browser.pid !== undefined) trackProcess(browser.pid);
  let timer;
  try {
    return await Promise.race([
      reports.report,
      new Promise((_, reject) => {
        const fail = (why) => reject(new Error(`${why}\n${output}`));
        browser.once('error', reject);
        browser.once('exit', (code) => fail(`MiniBrowser ended with status ${code}`));
        timer = setTimeout(() => fail(`no report within ${deadline} ms`), deadline);
      }),
    ]);
  } finally {
    clearTimeout(timer);
    reports.close();
    if (browser.pid !== undefined) await killTree(browser.pid);
    await killTree(displayPid);
    removeTemporaryDirectory(home);
  }
}
