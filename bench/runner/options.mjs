// The command line of bench/run.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { contenders } from '../contenders.mjs';
import { browserNames } from '../../tests/browser/support/browsers.mjs';
import { repositoryRoot } from '../../tests/browser/support/files.mjs';
import { workloads } from '../workloads.mjs';

const usage = `bench/run [options]

  --browser chromium|firefox  where to run; chromium without it
  --quick                     small amounts and few rounds: shows that all works, not how fast
  --sizes                     instead of the race: the cost of each workload on tables of
                              10 thousand, 100 thousand and 1 million rows
  --rounds N                  rounds of the timed pass: 7 without it, 3 when quick or for sizes
  --only WORKLOAD,...         only these: ${workloads.map(({ id }) => id).join(', ')}
  --contenders CONTENDER,...  only these: ${contenders.map(({ id }) => id).join(', ')}
  --before DIR                ours against a package built before a change, DIR: a checkout that
                              has it in npm/dist; tells what has become slower
  --out DIR                   where results.json and report.html go; build/bench/BROWSER without it
  --help                      this text
`;

/** A list of ids, each checked against the things that have one. */
function chooseFrom(all, text, what) {
  if (text === undefined) return null;
  const ids = text.split(',').filter(Boolean);
  for (const id of ids) {
    if (!all.some((candidate) => candidate.id === id)) throw new UsageError(`no ${what} '${id}'`);
  }
  return all.filter(({ id }) => ids.includes(id));
}

export class UsageError extends Error {}

/** Where a checkout has its built package. */
function packageIn(checkout) {
  const directory = join(checkout, 'npm/dist');
  if (existsSync(join(directory, 'sahpool.wasm'))) return directory;
  throw new UsageError(`${directory} has no package that was built`);
}

function parse(words) {
  try {
    return parseArgs({
      args: words,
      options: {
        browser: { type: 'string', default: 'chromium' },
        quick: { type: 'boolean', default: false },
        sizes: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        only: { type: 'string' },
        contenders: { type: 'string' },
        before: { type: 'string' },
        out: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error.message);
  }
}

/** Reads the command line; null when only help was wanted. */
export function readOptions(words) {
  const values = parse(words);
  if (values.help) return null;
  const { browser, quick, sizes } = values;
  if (!browserNames.includes(browser)) throw new UsageError(`no browser '${browser}'`);
  const rounds = Number(values.rounds ?? (quick || sizes ? 3 : 7));
  if (!Number.isInteger(rounds) || rounds < 1) throw new UsageError('--rounds needs a number');
  const chosen = chooseFrom(contenders, values.contenders, 'contender');
  if (values.before === undefined && chosen?.some(({ side }) => side === 'before')) {
    throw new UsageError('what was before needs --before');
  }
  return {
    browser,
    quick,
    sizes,
    rounds,
    workloads: chooseFrom(workloads, values.only, 'workload'),
    contenders: chosen,
    before: values.before === undefined ? null : packageIn(values.before),
    directory:
      values.out ?? join(repositoryRoot, 'build/bench', sizes ? `${browser}-sizes` : browser),
  };
}

export { usage };
