// Crashes in the middle of work, a few; crash/campaign.mjs has many.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CrashRun } from '../crash/crash-run.mjs';

const seed = 42;
const deaths = ['browser', 'renderer', 'browser', 'worker'];
/** After so many more the control must have been broken. */
const mostExtraDeaths = 8;

export function crashes(session) {
  it('killed browsers, renderers and workers leave whole transactions', async () => {
    const run = new CrashRun(session, seed);
    try {
      await run.begin();
      for (const death of deaths) await run.round(death);
      for (let count = 0; run.outcome.controlViolated === 0 && count < mostExtraDeaths; ++count) {
        await run.round('worker');
      }
      await run.end();
    } finally {
      run.close();
    }
    const { violations, controlViolated, transactions } = run.outcome;
    assert.deepEqual(violations, []);
    assert.ok(controlViolated > 0, 'without a journal, a crash shows');
    assert.ok(transactions > 0, 'transactions were found again');
  });
}
