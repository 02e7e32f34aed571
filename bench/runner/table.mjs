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

const blank = Array(7).fill('');

function rowFor(result, reference) {
  const { label } = findContender(result.contender);
  const { counts = {}, error, unfit } = result;
  if (unfit) return [label, 'n/a', ...blank];
  if (error) return [label, 'FAILED', ...blank];
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
    short((result.memory ?? NaN) / 2 ** 20),
  ];
}

/**
 * The table of one workload; x: how many times as fast as the official pool at its defaults, MiB: by
 * how much the browser's memory grew.
 */
export function workloadTable(results, workload) {
  const definition = findWorkload(workload);
  const { title, unit } = definition;
  const reference = results.time(workload, 'official-delete');
  const head = ['', 'ms', `µs/${unit}`, 'x', 'reads', 'writes', 'flushes', 'ms in handles', 'MiB'];
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

/** Time now to time before, of each round's pair. */
export function changeTable(changed) {
  const rows = changed.map(({ workload, now, ratios, slower }) => [
    workload,
    now,
    ...[ratios.low, ratios.median, ratios.high].map((ratio) => ratio.toFixed(3)),
    slower ? 'SLOWER' : '',
  ]);
  return align([['now / before', '', 'least', 'median', 'most', ''], ...rows]);
}

/** The table of one workload's cost against size: microseconds for each operation. */
export function sizesTable(results, workload) {
  const { title, unit } = findWorkload(workload);
  const some = results.filter((result) => result.workload === workload && !result.unfit);
  const sizes = [...new Set(some.map(({ rows }) => rows))];
  const ids = [...new Set(some.map(({ contender }) => contender))];
  const cell = (id, rows) => {
    const result = some.find((other) => other.contender === id && other.rows === rows);
    const time = medianTime(result);
    return time === null ? 'FAILED' : short((time * 1000) / result.operations);
  };
  const rows = ids.map((id) => [findContender(id).label, ...sizes.map((size) => cell(id, size))]);
  return `${title}: µs for each ${unit}, by rows\n${align([['', ...sizes.map(String)], ...rows])}`;
}
