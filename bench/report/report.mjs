// The report: one HTML file with everything in it, so that it can be sent around and opened offline.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../tests/browser/support/files.mjs';
import { findContender } from '../contenders.mjs';
import { medianTime, Results } from '../runner/summary.mjs';
import { slowerThanPeers } from '../runner/targets.mjs';
import { findWorkload } from '../workloads.mjs';
import { escapeHtml } from './html.mjs';
import { countsTable, failureList, slowerList, timesTable, verdictsTable } from './tables.mjs';

const libraries = ['d3/dist/d3.min.js', '@observablehq/plot/dist/plot.umd.min.js'];

/** The text of a script, as it may stand in an HTML document. */
function inlineScript(path) {
  return `<script>${readFileSync(path, 'utf8').replaceAll('</script', '<\\/script')}</script>`;
}

/** Data for the script of the page. */
function inlineData(value) {
  const text = JSON.stringify(value).replaceAll('<', '\\u003c');
  return `<script type="application/json" id="data">${text}</script>`;
}

/** Where the page's script draws the plot of one workload. */
function plotPlace(workload) {
  return `<figure data-workload="${escapeHtml(workload)}"></figure>`;
}

function raceSection(results, workload) {
  const definition = findWorkload(workload);
  const [{ params }] = results.of(workload);
  return `<section>
<h2 id="${escapeHtml(workload)}">${escapeHtml(definition.title)}</h2>
<p class="parameters">${escapeHtml(JSON.stringify(params))}</p>
${failureList(results.of(workload), definition)}
${plotPlace(workload)}
${timesTable(results, workload)}
<details open><summary>Calls of handles for each ${escapeHtml(definition.unit)}, from the counting pass</summary>
${countsTable(results.of(workload))}
</details>
</section>`;
}

function raceBody({ results: list, verdicts }) {
  const results = new Results(list);
  return `<section><h2>What was to be seen</h2>${verdictsTable(verdicts)}
${slowerList(slowerThanPeers(results))}</section>
${results
  .workloads()
  .map((workload) => raceSection(results, workload))
  .join('\n')}`;
}

function sizesBody({ results }) {
  const workloads = [...new Set(results.map(({ workload }) => workload))];
  const section = (workload) => {
    const definition = findWorkload(workload);
    const some = results.filter((result) => result.workload === workload);
    return `<section><h2>${escapeHtml(definition.title)}: cost against size</h2>
${failureList(some, definition)}
${plotPlace(workload)}</section>`;
  };
  return workloads.map(section).join('\n');
}

/** One point for each round, in microseconds for each operation. */
function plotData(results) {
  return results
    .filter((result) => medianTime(result) !== null)
    .map(({ workload, contender, operations, times, rows }) => {
      const { label, durability, side } = findContender(contender);
      const { unit } = findWorkload(workload);
      const microseconds = times.map((time) => (time * 1000) / operations);
      return { workload, unit, label, durability, side, rows, microseconds };
    });
}

function describe({ run }) {
  return `<p>${escapeHtml(run.userAgent)}<br>
${run.processors.length} processors: ${escapeHtml(run.processors[0] ?? 'unknown')}<br>
${escapeHtml(run.date)}, ${escapeHtml(run.scale)} amounts, medians of ${run.rounds} rounds</p>
<p>Times are of one machine at one time: compare what stands side by side. FULL: a commit that
returned has been flushed, which the counted flushes show. NORMAL: it is with the browser, and the
last ones may be lost with the power. The peers bring other versions of SQLite, compiled
differently. What “cold” leaves out, and what else to distrust, is in bench/README.md.</p>`;
}

/** Writes the report of a race, or of cost against size when the results have a number of rows. */
export function writeReport(path, data) {
  const here = import.meta.dirname;
  const isRace = data.verdicts !== undefined;
  const title = isRace ? 'The race' : 'Cost against size';
  const scripts = libraries.map((name) => inlineScript(join(repositoryRoot, 'node_modules', name)));
  writeFileSync(
    path,
    `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>sahpool: ${title}</title>
<link rel="icon" href="data:,">
<style>${readFileSync(join(here, 'report.css'), 'utf8')}</style>
</head>
<body>
<h1>sahpool: ${title}, ${escapeHtml(data.run.browser)}</h1>
${describe(data)}
${isRace ? raceBody(data) : sizesBody(data)}
${inlineData(plotData(data.results))}
${scripts.join('\n')}
${inlineScript(join(here, 'plots.js'))}
</body>
</html>
`,
  );
}
