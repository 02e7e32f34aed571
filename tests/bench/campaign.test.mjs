// The order in which the benchmark does its jobs, and what it does about one that fails.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findContender } from '../../bench/contenders.mjs';
import { runRace, runSizes } from '../../bench/runner/campaign.mjs';
import { findWorkload } from '../../bench/workloads.mjs';

/** In place of a browser: notes the jobs and answers them by `answer(job)`. */
function recorder(answer) {
  const jobs = [];
  const run = async (job) => {
    jobs.push(job);
    return answer(job);
  };
  return { jobs, run };
}

const good = { milliseconds: 5, counts: {}, memory: 1, facts: { bytes: 8192 } };

function campaign(browser, ids, rounds, workload = 'bulk-load') {
  return {
    browser,
    rounds,
    workloads: [findWorkload(workload)],
    contenders: ids.map(findContender),
    report: () => undefined,
  };
}

describe('campaign', () => {
  it('counts first and tells the limits how large the database gets', async () => {
    const browser = recorder(() => good);
    await runRace({ ...campaign(browser, ['raw', 'ours-wal'], 1), scale: 'quick' });
    const [first, second, ...timed] = browser.jobs;
    assert.deepEqual([first.contender.id, second.contender.id], ['ours-wal', 'raw']);
    assert.ok(first.counted && second.counted && timed.every(({ counted }) => !counted));
    assert.equal(second.facts.bytes, 8192);
  });

  it('begins each round with another contender', async () => {
    const ids = ['ours-delete', 'ours-wal', 'wa-coop'];
    const browser = recorder(() => good);
    await runRace({ ...campaign(browser, ids, 6), scale: 'quick' });
    const timed = browser.jobs
      .filter(({ counted }) => !counted)
      .map(({ contender }) => contender.id);
    const rounds = Array.from({ length: 6 }, (_, round) => timed.slice(3 * round, 3 * round + 3));
    for (const round of rounds) assert.deepEqual([...round].sort(), ids);
    assert.equal(new Set(rounds.map(([first]) => first)).size, 3);
  });

  it('reports a contender that fails, and goes on with the others', async () => {
    const browser = recorder(({ contender, counted }) =>
      contender.id === 'ours-wal' && !counted ? { error: 'lost a row' } : good,
    );
    const [ours, official] = await runRace({
      ...campaign(browser, ['ours-wal', 'official-delete'], 3),
      scale: 'quick',
    });
    assert.equal(ours.error, 'lost a row');
    assert.deepEqual(ours.times, []);
    assert.deepEqual(official.times, [5, 5, 5]);
    const jobs = browser.jobs.filter(({ contender }) => contender.id === 'ours-wal');
    assert.equal(jobs.length, 2);
  });

  it('runs each size with its own parameters, and tells why one does not take part', async () => {
    const browser = recorder(() => good);
    const results = await runSizes({
      ...campaign(browser, ['ours-wal', 'wa-coop'], 1, 'two-connections'),
      sizes: [10, 1000],
    });
    assert.deepEqual(
      results.map(({ contender, rows, params, unfit }) => [contender, rows, params.rows, !!unfit]),
      [
        ['ours-wal', 10, 10, false],
        ['wa-coop', 10, 10, true],
        ['ours-wal', 1000, 1000, false],
        ['wa-coop', 1000, 1000, true],
      ],
    );
  });
});
