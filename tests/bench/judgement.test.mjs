// How the benchmark makes ratios and verdicts of its times.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { contenders } from '../../bench/contenders.mjs';
import { changes } from '../../bench/runner/change.mjs';
import { median, Results } from '../../bench/runner/summary.mjs';
import { judge, slowerThanPeers, targets } from '../../bench/runner/targets.mjs';
import { findWorkload, workloads } from '../../bench/workloads.mjs';
import { repositoryRoot } from '../browser/support/files.mjs';

const counts = { read: 0, write: 1000, flush: 500, truncate: 0, getSize: 0 };

function result(contender, times, rest = {}) {
  const params = findWorkload('one-row-transactions').params.full;
  return { workload: 'one-row-transactions', contender, params, times, counts, ...rest };
}

function verdictsOf(...results) {
  return judge(new Results(results)).map(({ ours, against, value, met }) => ({
    ours,
    against,
    value,
    met,
  }));
}

describe('judgement', () => {
  it('takes the median of odd and even numbers of rounds', () => {
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([9, 1, 5, 7]), 6);
    assert.ok(Number.isNaN(median([])));
  });

  it('compares with the official defaults, the best peer of the class, and the limit', () => {
    const verdicts = verdictsOf(
      result('ours-wal', [100]),
      result('official-delete', [600]),
      result('official-wal', [130]),
      result('wa-ahead', [105]),
      // Neither counts: one has another journal, the other another durability.
      result('wa-coop', [10]),
      result('wa-ahead-normal', [10]),
      result('raw', [50]),
    );
    assert.deepEqual(verdicts, [
      {
        ours: 'ours-wal',
        against: 'official, defaults: official-delete',
        value: 6,
        met: true,
      },
      { ours: 'ours-wal', against: 'best peer: wa-ahead', value: 1.05, met: false },
      { ours: 'ours-wal', against: 'raw', value: 2, met: false },
    ]);
  });

  it('compares with nobody who flushes too rarely', () => {
    const verdicts = verdictsOf(
      result('ours-wal', [100]),
      result('official-wal', [130]),
      result('wa-ahead', [10], { counts: { ...counts, flush: 499 } }),
    );
    assert.equal(verdicts[1].against, 'best peer: official-wal');
  });

  it('leaves open what failed', () => {
    const verdicts = verdictsOf(
      result('ours-wal', [100], { error: 'lost a row' }),
      result('official-delete', [600]),
      result('raw', [50]),
    );
    assert.deepEqual(
      verdicts.map(({ met }) => met),
      [null, null, null],
    );
  });

  it('finds every workload that is slower than a peer', () => {
    const found = slowerThanPeers(
      new Results([
        result('ours-wal', [100]),
        result('ours-delete', [300]),
        result('official-wal', [90]),
        result('official-delete', [310]),
      ]),
    );
    assert.deepEqual(
      found.map(({ ours, contender }) => [ours, contender]),
      [['ours-wal', 'official-wal']],
    );
  });
});

describe('before and after a change', () => {
  it('compares the two turns of each round', () => {
    const results = new Results([
      // A machine that slows down in the last round slows down both.
      result('ours-delete', [102, 104, 520]),
      result('before-delete', [100, 100, 500]),
      result('ours-wal', [100, 99, 101]),
      result('before-wal', [100, 100, 100]),
    ]);
    assert.deepEqual(changes(results), [
      {
        workload: 'one-row-transactions',
        now: 'ours-delete',
        ratios: { low: 1.02, median: 1.04, high: 1.04 },
        slower: true,
      },
      {
        workload: 'one-row-transactions',
        now: 'ours-wal',
        ratios: { low: 0.99, median: 1, high: 1.01 },
        slower: false,
      },
    ]);
  });

  it('takes what was before for no peer', () => {
    const results = new Results([result('ours-wal', [100]), result('before-wal', [90])]);
    assert.deepEqual(slowerThanPeers(results), []);
    assert.equal(judge(results).find(({ against }) => against === 'best peer').value, null);
  });

  it('compares with nobody who failed or did not take part', () => {
    const failed = result('before-wal', [90], { error: 'lost a row' });
    assert.deepEqual(changes(new Results([result('ours-wal', [100]), failed])), []);
    assert.deepEqual(changes(new Results([result('ours-delete', [100])])), []);
  });
});

describe('definitions', () => {
  it('name engines, workloads and contenders that exist', () => {
    for (const { engine } of contenders) {
      assert.ok(existsSync(join(repositoryRoot, 'bench/engines', `${engine}.mjs`)), engine);
    }
    const ids = contenders.map(({ id }) => id);
    for (const { workload, ours, limit } of targets) {
      assert.ok(findWorkload(workload));
      for (const id of [ours, ...(limit?.of ?? [])]) assert.ok(ids.includes(id), id);
    }
  });

  it('say how many commits full durability takes', () => {
    for (const { id, kind, commits } of workloads) {
      assert.equal(typeof commits, kind === 'write' ? 'function' : 'undefined', id);
    }
  });
});
