// Runs functions that a test sends as source text, with SQLite at hand.
import * as interleaving from './interleaving.mjs';
import * as ledger from './ledger.mjs';
import * as tools from './tools.mjs';
import { loadSqlite } from './load-sqlite.mjs';

const context = {
  sqlite3: null,
  sahpool: null,
  tools,
  interleaving,
  ledger,
  kept: {},
  loading: null,
};

async function load({ vfs, sqlite }) {
  if (vfs === 'none') return;
  context.sqlite3 = await loadSqlite(sqlite);
  if (vfs === 'official') return;
  context.sahpool = await import('/npm/dist/index.js');
  context.sqlite3 = await context.sahpool.attach(context.sqlite3);
}

/** The names of the package's exported classes that `error` is an instance of. */
function exportedClasses(error) {
  return Object.entries(context.sahpool ?? {})
    .filter(([, value]) => typeof value === 'function' && value.prototype && error instanceof value)
    .map(([name]) => name);
}

async function run(source, input) {
  try {
    const work = new Function(`return (${source});`)();
    return { result: (await work(context, input)) ?? null };
  } catch (error) {
    const { name, message, resultCode, stack } = error;
    return { error: { name, message, resultCode, stack, classes: exportedClasses(error) } };
  }
}

self.onmessage = async ({ data: { call, options, source, input } }) => {
  if (call === 'start') {
    context.loading = load(options);
    // A failed load is told by whoever awaits it; here it must only not count as unhandled.
    context.loading.catch(() => undefined);
    self.postMessage({ call, answer: null });
    return;
  }
  self.postMessage({ call, answer: await run(source, input) });
};
