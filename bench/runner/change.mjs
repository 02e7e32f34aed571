// What a change has done to the times: ours now against ours before, round by round.
import { median } from './summary.mjs';

/** Which contender was which before. */
export const pairs = [
  ['ours-delete', 'before-delete'],
  ['ours-wal', 'before-wal'],
];

/** From which ratio on it counts as slower: what two runs of the same build differ in is less. */
const tolerated = 1.03;

/**
 * @param {import('./summary.mjs').Results} results
 * @returns {{workload: string, now: string, slower: boolean,
 *     ratios: {low: number, median: number, high: number}}[]} of each pair that has times
 */
export function changes(results) {
  const found = [];
  for (const workload of results.workloads()) {
    for (const [now, before] of pairs) {
      const [after, first] = [results.find(workload, now), results.find(workload, before)];
      if (!after || !first || after.error || first.error) continue;
      const all = after.times.map((time, round) => time / first.times[round]);
      if (all.length === 0) continue;
      const ratios = { low: Math.min(...all), median: median(all), high: Math.max(...all) };
      found.push({ workload, now, ratios, slower: ratios.median > tolerated });
    }
  }
  return found;
}
