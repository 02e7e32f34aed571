// Does one job: one workload on one contender, and nothing else in this worker's life.
import { countInStartedWorkers } from './counted-workers.mjs';
import { Context } from './context.mjs';
import { countHandleCalls, createCounters, readCounters } from './handle-counters.mjs';
import { findWorkload } from '../workloads.mjs';

/**
 * Counts what this worker and those that it starts do between begin() and end(), and tells the page
 * of both; does nothing outside the counting pass.
 */
function startCounting(wanted) {
  if (!wanted) return { begin: () => undefined, end: () => null };
  const all = countInStartedWorkers();
  all.push(createCounters());
  countHandleCalls(all[0]);
  return {
    begin() {
      self.postMessage({ phase: 'measure' });
      for (const counters of all) counters.fill(0);
    },
    end() {
      self.postMessage({ phase: 'verify' });
      const sums = readCounters(createCounters());
      for (const counters of all) {
        for (const [field, value] of Object.entries(readCounters(counters))) sums[field] += value;
      }
      return sums;
    },
  };
}

/** The part of a workload that fits a contender. */
function stepsFor(workload, { engine }) {
  return engine === 'raw' ? workload.raw : workload;
}

async function perform({ contender, workload: id, params, facts, counted, stage }) {
  const workload = findWorkload(id);
  const steps = stepsFor(workload, contender);
  const counters = startCounting(counted);
  const engineModule = await import(`../engines/${contender.engine}.mjs`);
  const loadStart = performance.now();
  const loaded = await engineModule.load();
  const loadMilliseconds = performance.now() - loadStart;
  const startEngine = () => engineModule.start(loaded, { slots: params.slots });
  if (workload.measuresStart && stage === 'measure') {
    return measureStart({
      workload,
      contender,
      params,
      facts,
      startEngine,
      counters,
      loadMilliseconds,
    });
  }
  const context = new Context({ contender, params, facts, engine: await startEngine() });
  await steps.prepare(context);
  if (stage === 'build') return finish(context, {});
  counters.begin();
  const start = performance.now();
  const details = await steps.measure(context);
  const milliseconds = performance.now() - start;
  const counts = counters.end();
  return finish(context, { milliseconds, counts, details, facts: await steps.verify(context) });
}

/** Ends in order. A job that failed doesn't come here: the end of its worker closes everything. */
async function finish(context, answer) {
  await context.end();
  return answer;
}

/** The start of the storage itself is what is measured, up to a first answer from a database. */
async function measureStart({
  workload,
  contender,
  params,
  facts,
  startEngine,
  counters,
  loadMilliseconds,
}) {
  counters.begin();
  const start = performance.now();
  const context = new Context({ contender, params, facts, engine: await startEngine() });
  const details = { load: loadMilliseconds, engine: performance.now() - start };
  await workload.measure(context);
  const milliseconds = performance.now() - start;
  const counts = counters.end();
  return finish(context, { milliseconds, counts, details, facts: await workload.verify(context) });
}

self.onmessage = async ({ data: job }) => {
  try {
    self.postMessage(await perform(job));
  } catch (error) {
    self.postMessage({ error: `${error.message ?? error}\n${error.stack ?? ''}` });
  }
};
