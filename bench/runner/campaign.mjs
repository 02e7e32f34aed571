// Runs the jobs: first a pass that counts, then the timed rounds, in which the contenders take
// turns so that whatever else the machine does hits all of them alike.
import { findWorkload, unfitness } from '../workloads.mjs';

/**
 * What one contender did on one workload.
 * @typedef {object} Result
 * @property {string} workload
 * @property {string} contender
 * @property {object} params
 * @property {number} operations
 * @property {number[]} times milliseconds, one for each round
 * @property {object[]} details times of parts, one for each round; empty when it has none
 * @property {object} [counts] calls of handles and their time, from the counting pass
 * @property {number} [memory] growth of the browser's memory in the counting pass
 * @property {number} [bytes] size of the finished database
 * @property {string} [error] why it failed; then it has no times
 * @property {string} [unfit] why it doesn't take part
 */

/** The contenders, beginning with another one in each round, and backwards in every second one. */
function orderFor(round, all) {
  const shift = round % all.length;
  const rotated = [...all.slice(shift), ...all.slice(0, shift)];
  return round % 2 ? rotated.reverse() : rotated;
}

function jobFor({ workload, contender, params }, facts) {
  return {
    contender,
    workload: workload.id,
    params,
    facts,
    build: workload.measuresStart === true,
    counted: false,
  };
}

/** Limits come last in the counting pass: they need to know how large the database gets. */
function limitsLast(entries) {
  const isLimit = ({ contender }) => contender.side === 'limit';
  return [...entries.filter((entry) => !isLimit(entry)), ...entries.filter(isLimit)];
}

function emptyResult({ workload, contender, params }) {
  return {
    workload: workload.id,
    contender: contender.id,
    params,
    operations: workload.operations(params),
    times: [],
    details: [],
  };
}

/** Runs one workload on all contenders. */
async function runWorkload({ browser, workload, params, contenders, rounds, report }) {
  const entries = [];
  const results = [];
  for (const contender of contenders) {
    const entry = { workload, contender, params };
    const result = emptyResult(entry);
    results.push(result);
    const unfit = unfitness(workload, contender);
    if (unfit) result.unfit = unfit;
    else entries.push({ ...entry, result });
  }
  const facts = {};
  for (const entry of limitsLast(entries)) {
    const answer = await browser.run({ ...jobFor(entry, facts), counted: true });
    report(entry, answer, 'counted');
    Object.assign(entry.result, pickCounted(answer));
    facts.bytes ??= answer.facts?.bytes;
  }
  for (let round = 0; round < rounds; ++round) {
    const alive = entries.filter(
      ({ result, contender }) => !result.error && round < (contender.maxRounds ?? rounds),
    );
    for (const entry of orderFor(round, alive)) {
      const answer = await browser.run(jobFor(entry, facts));
      report(entry, answer, `round ${round + 1}`);
      record(entry.result, answer);
    }
  }
  return results;
}

function pickCounted({ error, counts, memory, facts }) {
  return error ? { error } : { counts, memory, bytes: facts.bytes };
}

/** A failure in any round fails the contender: a storage that works now and then doesn't work. */
function record(result, { error, milliseconds, details }) {
  if (error) {
    result.error = error;
    return;
  }
  result.times.push(milliseconds);
  if (details) result.details.push(details);
}

/**
 * The race: every workload with the parameters of one scale.
 * @returns {Promise<Result[]>}
 */
export async function runRace({ browser, workloads, contenders, scale, rounds, report }) {
  const results = [];
  for (const workload of workloads) {
    const params = workload.params[scale];
    results.push(...(await runWorkload({ browser, workload, params, contenders, rounds, report })));
  }
  return results;
}

/**
 * Cost against size: every workload that depends on it, at several sizes.
 * @returns {Promise<(Result & {rows: number})[]>}
 */
export async function runSizes({ browser, workloads, contenders, sizes, rounds, report }) {
  const results = [];
  for (const { id, paramsForSize } of workloads) {
    if (!paramsForSize) continue;
    for (const rows of sizes) {
      const workload = findWorkload(id);
      const params = paramsForSize(rows);
      const some = await runWorkload({ browser, workload, params, contenders, rounds, report });
      results.push(...some.map((result) => ({ ...result, rows })));
    }
  }
  return results;
}
