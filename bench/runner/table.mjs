// What bench/run prints.
import { findContender } from '../contenders.mjs';
import { findWorkload } from '../workloads.mjs';
import { medianTime, short } from './summary.mjs';
import { isAsDurableAsMeant } from './targets.mjs';

/** Rows of texts as a table whose first column is aligned left and whose others are aligned right. */
function align(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((text, column) => (column ? text.padStart(widths[column]) : text.padEnd(widths[0])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function perOperation(count, { operations }) {
  return count === undefined ? '-' : short(count / operations);
}

function rowFor(result, reference) {
  const { label } = findContender(result.contender);
  const { counts = {}, error, unfit } = result;
  if (unfit) return [label, 'n/a', '', '', '', '', '', ''];
  if (error) return [label, 'FAILED', '', '', '', '', '', ''];
  const time = medianTime(result);
  return [
    label,
    short(time),
    short((time * 1000) / result.operations),
    reference ? short(reference / time) : '-',
    perOperation(counts.read, result),
    perOperation(counts.write, result),
    perOperation(counts.flush, result),
    short((counts.time ?? NaN) / 1000),
  ];
}

/** The table of one workload; x: how many times as fast as the official pool at its defaults. */
export function workloadTable(results, workload) {
  const definition = findWorkload(workload);
  const { title, unit } = definition;
  const reference = results.time(workload, 'official-delete');
  const head = ['', 'ms', `µs/${unit}`, 'x', 'reads', 'writes', 'flushes', 'ms in handles'];
  const rows = results.of(workload).map((result) => rowFor(result, reference));
  const failures = results
    .of(workload)
    .filter(({ error }) => error)
    .map(({ contender, error }) => `  ${contender} failed: ${error.split('\n')[0]}`);
  const notDurable = results
    .of(workload)
    .filter((result) => !isAsDurableAsMeant(definition, result))
    .map(({ contender }) => `  ${contender} flushes less than once a commit: not compared`);
  return [
    `${title} (calls of handles for each ${unit})`,
    align([head, ...rows]),
    ...failures,
    ...notDurable,
  ].join('\n');
}

export function verdictTable(verdicts) {
  const rows = verdicts.map(({ workload, ours, against, value, wanted, met }) => [
    workload,
    ours,
    against,
    short(value),
    wanted,
    met === null ? 'not measured' : met ? 'PASS' : 'MISS',
  ]);
  return align([['workload', 'ours', 'against', 'measured', 'wanted', ''], ...rows]);
}
