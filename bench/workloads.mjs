// What is measured. Read by the runner in Node.js and by the workers.
import { bulkLoad } from './workloads/bulk-load.mjs';
import { coldReads, coldScan } from './workloads/cold.mjs';
import { mixedWork } from './workloads/mixed-work.mjs';
import { oneRowTransactions } from './workloads/one-row-transactions.mjs';
import { pointReads } from './workloads/point-reads.mjs';
import { startLarge, startSmall } from './workloads/start.mjs';
import { exportDatabase, importDatabase } from './workloads/transfer.mjs';
import { twoConnections } from './workloads/two-connections.mjs';
import { updates } from './workloads/updates.mjs';

/**
 * @typedef {object} Steps
 * @property {(context: object) => Promise<void>} prepare not timed
 * @property {(context: object) => Promise<object | undefined>} measure timed; may return times of
 *     its parts
 * @property {(context: object) => Promise<object>} verify throws when what was measured is wrong;
 *     not timed; returns facts, such as the bytes of the database
 *
 * @typedef {object} OwnProperties
 * @property {string} id
 * @property {string} title
 * @property {string} unit what one operation is
 * @property {'write' | 'read' | 'start'} kind whether durability matters
 * @property {(params: object) => number} operations how many operations one measurement has
 * @property {(params: object) => number} [commits] how many flushes full durability takes at the
 *     least; for kind 'write'
 * @property {{quick: object, full: object}} params
 * @property {(rows: number) => object} [paramsForSize] the parameters on a database of that many rows
 * @property {(contender: object) => string | null} [unfit] why a contender can't do it
 * @property {boolean} [measuresStart] the start of the engine itself is measured
 * @property {Steps} [raw] the least that the job needs of a raw handle
 *
 * @typedef {Steps & OwnProperties} Workload
 */

/** @type {Workload[]} */
export const workloads = [
  oneRowTransactions,
  updates,
  bulkLoad,
  pointReads,
  coldReads,
  coldScan,
  twoConnections,
  importDatabase,
  exportDatabase,
  startSmall,
  startLarge,
  mixedWork,
];

export function findWorkload(id) {
  const workload = workloads.find((candidate) => candidate.id === id);
  if (!workload) throw new Error(`there is no workload '${id}'`);
  return workload;
}

/** Why a contender does not take part in a workload, or null when it does. */
export function unfitness(workload, contender) {
  if (contender.engine === 'raw' && !workload.raw) return 'needs SQLite';
  return workload.unfit?.(contender) ?? null;
}
