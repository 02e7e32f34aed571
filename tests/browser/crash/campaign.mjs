// Kills browsers in the middle of their work, many times, and judges what is left each time; see
// crash-run.mjs. Not a part of ./test, whose browser tests do the same a few times.
//
//   node tests/browser/crash/campaign.mjs [--browser chromium|firefox] [--kills N] [--seed N]
//
// After ten kills the ledgers begin anew with another seed. Between every other two kills something
// smaller dies: a renderer process, a tab, a page by a reload, a worker. Prints what is
// found as it goes; exit status 0 when there was no violation and the control was violated. What is
// written depends on the seed alone, the moments of death also on the machine.
import { parseArgs } from 'node:util';
import { browserNames } from '../support/browsers.mjs';
import { Session } from '../support/session.mjs';
import { CrashRun, smallDeaths } from './crash-run.mjs';

const killsPerRun = 10;

function readOptions() {
  const { values } = parseArgs({
    options: {
      browser: { type: 'string' },
      kills: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
    },
  });
  const browsers = values.browser === undefined ? browserNames : [values.browser];
  const [kills, seed] = [Number(values.kills), Number(values.seed)];
  const isValid =
    browsers.every((name) => browserNames.includes(name)) &&
    [kills, seed].every((number) => Number.isSafeInteger(number) && number > 0);
  if (!isValid) throw new Error('usage: campaign.mjs [--browser NAME] [--kills N] [--seed N]');
  return { browsers, kills, seed };
}

/** Runs one run of `kills` kills in a browser on a new profile. */
async function run(browserName, kills, seed) {
  const session = new Session(browserName);
  try {
    await session.start();
    const crashes = new CrashRun(session, seed);
    try {
      await crashes.begin();
      for (let kill = 0; kill < kills; ++kill) {
        if (kill % 2 === 1) await crashes.round(smallDeaths[(kill >> 1) % smallDeaths.length]);
        await crashes.round('browser');
      }
      await crashes.end();
    } finally {
      crashes.close();
    }
    return crashes.outcome;
  } finally {
    await session.stop();
  }
}

function addTo(total, outcome) {
  for (const [death, count] of Object.entries(outcome.deaths)) {
    total.deaths[death] = (total.deaths[death] ?? 0) + count;
  }
  total.transactions += outcome.transactions;
  total.controlViolated += outcome.controlViolated;
  total.violations.push(...outcome.violations);
  total.leftovers.push(...outcome.leftovers);
}

async function campaign(browserName, kills, firstSeed) {
  const total = {
    deaths: {},
    transactions: 0,
    controlViolated: 0,
    violations: [],
    leftovers: [],
  };
  const begun = Date.now();
  for (let done = 0, seed = firstSeed; done < kills; done += killsPerRun, ++seed) {
    addTo(total, await run(browserName, Math.min(killsPerRun, kills - done), seed));
    const seconds = Math.round((Date.now() - begun) / 1000);
    console.log(`${browserName}, up to seed ${seed}, ${seconds} s: ${JSON.stringify(total)}`);
  }
  return total.violations.length === 0 && total.controlViolated > 0;
}

const { browsers, kills, seed } = readOptions();
const passed = await Promise.all(browsers.map((name) => campaign(name, kills, seed)));
process.exitCode = passed.every(Boolean) ? 0 : 1;
