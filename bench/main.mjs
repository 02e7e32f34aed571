// The program behind bench/run: measures, prints, and writes results.json and report.html.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../tests/browser/support/files.mjs';
import { contenders } from './contenders.mjs';
import { writeReport } from './report/report.mjs';
import { BenchBrowser } from './runner/bench-browser.mjs';
import { runRace, runSizes } from './runner/campaign.mjs';
import { readOptions, usage, UsageError } from './runner/options.mjs';
import { Results } from './runner/summary.mjs';
import { changes, pairs } from './runner/change.mjs';
import { changeTable, sizesTable, verdictTable, workloadTable } from './runner/table.mjs';
import { judge, slowerThanPeers } from './runner/targets.mjs';
import { workloads } from './workloads.mjs';

const beforeAndAfter = pairs.flat();
const tableSizes = [10_000, 100_000, 1_000_000];

function contendersFor({ contenders: chosen, sizes, browser, before }) {
  const takesPart = (contender) =>
    before ? beforeAndAfter.includes(contender.id) : contender.side !== 'before';
  const all =
    chosen ??
    contenders.filter((contender) => takesPart(contender) && (!sizes || contender.inSizes));
  return all.filter(({ browsers }) => !browsers || browsers.includes(browser));
}

/** Where engines/sahpool-before.mjs loads it from. */
function putBefore(directory) {
  const place = join(repositoryRoot, 'build/bench/before');
  rmSync(place, { recursive: true, force: true });
  cpSync(directory, place, { recursive: true });
}

/** Says on standard error what has just been done. */
function report({ workload, contender, params }, { error, milliseconds }, pass) {
  const size = params.rows ? ` (${params.rows} rows)` : '';
  const outcome = error ? `FAILED: ${error}` : `${milliseconds.toFixed(1)} ms`;
  console.error(`${workload.id}${size}, ${contender.id}, ${pass}: ${outcome}`);
}

async function measure(options) {
  if (options.before) putBefore(options.before);
  const browser = new BenchBrowser(options.browser);
  const campaign = {
    browser,
    workloads: options.workloads ?? workloads,
    contenders: contendersFor(options),
    rounds: options.rounds,
    report,
  };
  try {
    await browser.start();
    const results = options.sizes
      ? await runSizes({ ...campaign, sizes: tableSizes })
      : await runRace({ ...campaign, scale: options.quick ? 'quick' : 'full' });
    return { userAgent: browser.version, results };
  } finally {
    await browser.stop();
  }
}

/** What a reader needs to judge the numbers. */
function describeRun(options, userAgent) {
  return {
    date: new Date().toISOString(),
    browser: options.browser,
    userAgent,
    processors: cpus().map(({ model }) => model),
    scale: options.quick ? 'quick' : 'full',
    rounds: options.rounds,
  };
}

function printRace(results) {
  for (const workload of results.workloads()) console.log(`${workloadTable(results, workload)}\n`);
  const verdicts = judge(results);
  if (verdicts.length > 0) console.log(`${verdictTable(verdicts)}\n`);
  const changed = changes(results);
  if (changed.length > 0) console.log(`${changeTable(changed)}\n`);
  for (const { workload, ours, contender, ratio } of slowerThanPeers(results)) {
    console.log(
      `slower than a peer: ${workload}, ${ours} takes ${ratio.toFixed(2)} x ${contender}`,
    );
  }
  return verdicts;
}

function printSizes(results) {
  const ids = new Set(results.map(({ workload }) => workload));
  for (const id of ids) console.log(`${sizesTable(results, id)}\n`);
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (!options) {
    console.log(usage);
    return 0;
  }
  const { userAgent, results } = await measure(options);
  const data = { run: describeRun(options, userAgent), results };
  if (options.sizes) printSizes(results);
  else data.verdicts = printRace(new Results(results));
  mkdirSync(options.directory, { recursive: true });
  writeFileSync(join(options.directory, 'results.json'), `${JSON.stringify(data, null, 1)}\n`);
  writeReport(join(options.directory, 'report.html'), data);
  console.log(`written: ${options.directory}/results.json and report.html`);
  return results.some(({ error }) => error) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`bench/run: ${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
