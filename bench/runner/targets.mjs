// What the race is to show: for each row a contender of ours, what it is compared with, and the
// ratio that is asked for. A ratio is "how many times as fast" for the others, and "how many times
// as long" for the limits.
import { contenders, findContender } from '../contenders.mjs';
import { findWorkload, workloads } from '../workloads.mjs';

// With SQLite's own journal or the peer's, transactions are made by a log in either case.
const logs = ['wal', 'own'];

/**
 * @typedef {object} Target
 * @property {string} workload
 * @property {string} ours
 * @property {number} [official] at least so many times as fast as the official pool at its defaults
 * @property {number} [peer] at least so many times as fast as the best peer of equal durability
 * @property {{of: string[], atMost: number}} [limit] at most so many times the limits' times together
 * @property {number} [hostCalls] at most so many calls of handles
 * @property {number} [memory] by at most so many bytes the browser's memory may grow
 */

// Constant memory: far less than the database has, and more than a browser's memory wavers.
const constantMemory = 32 * 2 ** 20;

/** @type {Target[]} */
export const targets = [
  { workload: 'one-row-transactions', ours: 'ours-delete', official: 2.5, peer: 2 },
  {
    workload: 'one-row-transactions',
    ours: 'ours-wal',
    official: 5,
    peer: 1.1,
    limit: { of: ['raw'], atMost: 1.3 },
  },
  {
    workload: 'one-row-transactions',
    ours: 'ours-wal-normal',
    peer: 1.8,
    limit: { of: ['raw-normal'], atMost: 1.5 },
  },
  { workload: 'updates', ours: 'ours-delete', official: 1.7, peer: 1.5 },
  { workload: 'updates', ours: 'ours-wal', official: 3, peer: 1.5 },
  { workload: 'point-reads', ours: 'ours-delete', official: 3, peer: 1, hostCalls: 0 },
  { workload: 'bulk-load', ours: 'ours-delete', official: 1.15, peer: 1 },
  {
    workload: 'cold-scan',
    ours: 'ours-delete',
    official: 1.5,
    peer: 1.2,
    limit: { of: ['raw', 'memory'], atMost: 1.3 },
  },
  { workload: 'cold-reads', ours: 'ours-delete', official: 1.1, peer: 1 },
  {
    workload: 'import',
    ours: 'ours-delete',
    official: 1,
    peer: 1,
    limit: { of: ['raw'], atMost: 1 / 0.9 },
    memory: constantMemory,
  },
  {
    workload: 'export',
    ours: 'ours-delete',
    official: 1,
    peer: 1,
    limit: { of: ['raw'], atMost: 1 / 0.9 },
    memory: constantMemory,
  },
  { workload: 'start-6', ours: 'ours-delete', official: 1 },
  { workload: 'start-200', ours: 'ours-delete', official: 1.5 },
];

/** Whether a peer's times say something about ours: the same durability, and the same kind of log. */
function isComparable(workload, ours, other) {
  if (['ours', 'before', 'limit'].includes(other.side)) return false;
  if (workload.kind !== 'write') return true;
  const logOf = ({ journal }) => logs.includes(journal);
  return other.durability === ours.durability && logOf(other) === logOf(ours);
}

/**
 * Whether a contender was seen to be as durable as it is meant to be: with full durability, a flush
 * for each commit. One that was not is shown, and compared with nobody.
 */
export function isAsDurableAsMeant(workload, result) {
  const { durability } = findContender(result.contender);
  if (workload.kind !== 'write' || durability !== 'full' || !result.counts) return true;
  return result.counts.flush >= workload.commits(result.params);
}

/** The contenders that a contender of ours is measured against on a workload. */
export function peersFor(workload, ours, results) {
  return results
    .of(workload.id)
    .filter((result) => isAsDurableAsMeant(workload, result))
    .map(({ contender }) => findContender(contender))
    .filter((other) => isComparable(workload, ours, other))
    .map(({ id }) => id);
}

/**
 * @typedef {object} Verdict
 * @property {string} workload
 * @property {string} ours
 * @property {string} against
 * @property {number | null} value null when it could not be measured
 * @property {string} wanted
 * @property {boolean | null} met
 */

function verdict(target, against, value, wanted, met) {
  const known = value !== null && Number.isFinite(value);
  return {
    workload: target.workload,
    ours: target.ours,
    against,
    value: known ? value : null,
    wanted,
    met: known ? met(value) : null,
  };
}

function speedup(target, results, other, wanted, label) {
  const ours = results.time(target.workload, target.ours);
  const value = other && ours ? other.time / ours : null;
  const against = other ? `${label}: ${other.contender}` : label;
  return verdict(target, against, value, `≥ ${wanted}x`, (ratio) => ratio >= wanted);
}

function againstLimit(target, results) {
  const { of: limits, atMost } = target.limit;
  const times = limits.map((id) => results.time(target.workload, id));
  const sum = times.includes(null) ? null : times.reduce((total, time) => total + time, 0);
  const ours = results.time(target.workload, target.ours);
  const value = ours && sum ? ours / sum : null;
  const wanted = `≤ ${atMost.toFixed(2)} times`;
  return verdict(target, limits.join(' + '), value, wanted, (ratio) => ratio <= atMost);
}

function againstCalls(target, results) {
  const { counts } = results.find(target.workload, target.ours) ?? {};
  const value = counts
    ? counts.read + counts.write + counts.flush + counts.truncate + counts.getSize
    : null;
  const wanted = `≤ ${target.hostCalls} calls`;
  return verdict(target, 'calls of handles', value, wanted, (calls) => calls <= target.hostCalls);
}

/** Tells nothing, and so is not measured, with a small database. */
function againstMemory(target, results) {
  const { memory = null, bytes = 0 } = results.find(target.workload, target.ours);
  const value = memory === null || bytes < 4 * target.memory ? null : memory / 2 ** 20;
  const atMost = target.memory / 2 ** 20;
  return verdict(target, 'growth of memory', value, `≤ ${atMost} MiB`, (size) => size <= atMost);
}

/** Judges the targets whose contender of ours took part. */
export function judge(results) {
  const verdicts = [];
  for (const target of targets) {
    if (!results.find(target.workload, target.ours)) continue;
    const workload = findWorkload(target.workload);
    if (target.official) {
      const other = results.fastest(target.workload, ['official-delete']);
      verdicts.push(speedup(target, results, other, target.official, 'official, defaults'));
    }
    if (target.peer) {
      const peers = peersFor(workload, findContender(target.ours), results);
      const best = results.fastest(target.workload, peers);
      verdicts.push(speedup(target, results, best, target.peer, 'best peer'));
    }
    if (target.limit) verdicts.push(againstLimit(target, results));
    if (target.hostCalls !== undefined) verdicts.push(againstCalls(target, results));
    if (target.memory) verdicts.push(againstMemory(target, results));
  }
  return verdicts;
}

/** Every workload and contender of ours against its best peer, whether a target or not. */
export function slowerThanPeers(results) {
  const found = [];
  for (const workload of workloads) {
    for (const ours of contenders.filter(({ side }) => side === 'ours')) {
      const time = results.time(workload.id, ours.id);
      const best = results.fastest(workload.id, peersFor(workload, ours, results));
      if (time === null || best === null || time <= best.time) continue;
      found.push({ workload: workload.id, ours: ours.id, ...best, ratio: time / best.time });
    }
  }
  return found;
}
