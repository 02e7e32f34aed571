// The tables of the report.
import { findContender } from '../contenders.mjs';
import { medianTime, short } from '../runner/summary.mjs';
import { isAsDurableAsMeant } from '../runner/targets.mjs';
import { findWorkload } from '../workloads.mjs';
import { escapeHtml, htmlTable } from './html.mjs';

function labelOf({ contender }) {
  return findContender(contender).label;
}

function list(texts) {
  if (texts.length === 0) return '';
  return `<ul>${texts.map((text) => `<li>${escapeHtml(text)}</li>`).join('')}</ul>`;
}

export function verdictsTable(verdicts) {
  if (verdicts.length === 0) return '<p>Nothing of it was part of this run.</p>';
  const rows = verdicts.map(({ workload, ours, against, value, wanted, met }) => [
    findWorkload(workload).title,
    findContender(ours).label,
    against,
    short(value),
    wanted,
    met === null
      ? { text: 'not measured', class: 'unknown' }
      : { text: met ? 'PASS' : 'MISS', class: met ? 'pass' : 'miss' },
  ]);
  return htmlTable(['workload', 'ours', 'against', 'measured', 'wanted', ''], rows);
}

export function slowerList(found) {
  const texts = found.map(
    ({ workload, ours, contender, ratio }) =>
      `${findWorkload(workload).title}: ${findContender(ours).label} takes ${short(ratio)} times as long as ${findContender(contender).label}`,
  );
  return texts.length === 0
    ? '<p>No workload is slower than a peer of equal durability.</p>'
    : `<h3>Slower than a peer of equal durability</h3>${list(texts)}`;
}

export function failureList(results, definition) {
  const failures = results
    .filter(({ error }) => error)
    .map((result) => `${labelOf(result)} FAILED: ${result.error.split('\n')[0]}`);
  const absent = results
    .filter(({ unfit }) => unfit)
    .map((result) => `${labelOf(result)}: ${result.unfit}`);
  const notDurable = results
    .filter((result) => !isAsDurableAsMeant(definition, result))
    .map((result) => `${labelOf(result)} flushes less than once a commit: compared with nobody`);
  const summary = `<summary>${absent.length} do not take part</summary>`;
  return `${list([...failures, ...notDurable])}
${absent.length > 0 ? `<details>${summary}${list(absent)}</details>` : ''}`;
}

export function timesTable(results, workload) {
  const { unit } = findWorkload(workload);
  const reference = results.time(workload, 'official-delete');
  const rows = results
    .of(workload)
    .filter((result) => medianTime(result) !== null)
    .map((result) => {
      const time = medianTime(result);
      return [
        labelOf(result),
        short(time),
        short((time * 1000) / result.operations),
        short(Math.min(...result.times)),
        short(Math.max(...result.times)),
        reference ? short(reference / time) : '-',
        short((result.memory ?? NaN) / 2 ** 20),
      ];
    });
  const head = ['', 'median, ms', `µs each ${unit}`, 'least', 'most', 'x official', 'memory, MiB'];
  return htmlTable(head, rows);
}

export function countsTable(results) {
  const fields = ['read', 'write', 'flush', 'truncate', 'getSize'];
  const rows = results
    .filter(({ counts }) => counts)
    .map((result) => {
      const { counts, operations } = result;
      return [
        labelOf(result),
        ...fields.map((field) => short(counts[field] / operations)),
        short(counts.bytesRead / operations),
        short(counts.bytesWritten / operations),
        short(counts.time / 1000),
      ];
    });
  const head = ['', ...fields, 'bytes read', 'bytes written', 'ms in handles, all'];
  return htmlTable(head, rows);
}
