// The demo page: starts the worker that has the pool, and ties the views to it.

import { confirmAction } from './page/dialog.js';
import { byId, element, showError, showText } from './page/elements.js';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatTime,
  readableName,
} from './page/format.js';
import { startPoolClient } from './page/pool-client.js';
import { setUpPoolView, showPool } from './page/pool-view.js';
import { setUpQueryView, showDatabases } from './page/query-view.js';

const DOWNLOAD_START_MS = 60_000;

let client;
let overview;

/** One of starting, importing, ready and failed; the page's style and its checks go by it. */
function setState(state) {
  document.documentElement.dataset.state = state;
  byId('main').inert = state !== 'ready';
}

function showProgress({ label, done, total, unit = 'bytes' }) {
  const amount = unit === 'rows' ? formatCount(done, 'row') : formatBytes(done);
  byId('import-progress').hidden = false;
  byId('import-label').textContent = done === 0 ? `${label}…` : `${label}: ${amount}`;
  byId('import-bar').value = total === 0 ? 1 : done / total;
}

function showFailure(error) {
  const busy = error.name === 'PoolBusyError';
  setState('failed');
  byId('import-progress').hidden = true;
  byId('status').textContent = busy ? 'Pool in use' : 'Failed';
  byId('failure-title').textContent = busy
    ? 'Another tab is using this pool'
    : 'The pool could not be opened';
  byId('failure-text').textContent = `${error.name}: ${error.message}`;
  byId('failure').hidden = false;
}

async function refresh() {
  overview = await client.call('overview');
  showPool(overview, fileActions);
  showDatabases(overview.files);
}

async function ensureUnicode() {
  setState('importing');
  byId('status').textContent = 'Looking for the Unicode data…';
  try {
    const unicode = await client.call('ensureUnicode');
    const when = unicode.justNow
      ? `imported in ${formatDuration(unicode.milliseconds)}`
      : `kept since ${formatTime(unicode.importedAt)}`;
    const status = byId('status');
    status.textContent = `${formatCount(unicode.characters, 'character')}, ${when}`;
    Object.assign(status.dataset, unicode);
  } finally {
    byId('import-progress').hidden = true;
  }
}

async function start() {
  client?.stop();
  byId('failure').hidden = true;
  byId('status').textContent = 'Opening the pool…';
  setState('starting');
  client = startPoolClient(showProgress, showFailure);
  try {
    await client.call('open');
    await ensureUnicode();
    await refresh();
  } catch (error) {
    showFailure(error);
    return;
  }
  setState('ready');
  await queryView.runQuery();
}

/** Runs a change to the pool: one at a time, shows its error, then what the pool holds now. */
async function change(run) {
  showText(byId('pool-error'), '');
  byId('main').inert = true;
  try {
    await run();
  } catch (error) {
    showError(byId('pool-error'), error);
  }
  byId('import-progress').hidden = true;
  try {
    await refresh();
    setState('ready');
  } catch (error) {
    showFailure(error);
  }
}

async function importFile(file) {
  const name = `/${file.name}`;
  const taken = overview.files.some((it) => readableName(it.name) === name);
  if (taken && !(await confirmAction(`Replace ${name} by the chosen file?`, 'Replace'))) return;
  await change(() => client.call('importFile', name, file));
}

async function download(name, fileName) {
  await change(async () => {
    const bytes = await client.call('exportFile', name);
    const url = URL.createObjectURL(new Blob([bytes], { type: 'application/vnd.sqlite3' }));
    element('a', { href: url, download: fileName }).click();
    // Not at once: some browsers read the blob only after the click has returned.
    setTimeout(() => URL.revokeObjectURL(url), DOWNLOAD_START_MS);
  });
}

const fileActions = {
  download,
  unlink: (name) =>
    change(async () => {
      await client.call('unlink', name);
      if (name === overview.unicodeDatabase) byId('status').textContent = 'No Unicode data';
    }),
  recover: (slot, name) => change(() => client.call('recover', slot, name)),
  discard: (slot) => change(() => client.call('discard', slot)),
};

const queryView = setUpQueryView((database, sql) => client.call('query', database, sql), refresh);
setUpPoolView({
  addSlot: () => change(() => client.call('addSlot')),
  removeSlot: () => change(() => client.call('removeSlot')),
  importFile,
  importUnicode: () => change(ensureUnicode),
});
byId('failure-retry').addEventListener('click', start);
start();
