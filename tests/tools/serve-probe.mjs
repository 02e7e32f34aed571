// Asks a server for a file again and again until it is told to end, then tells what it saw.

import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { ask } from './server-process.mjs';

const PROBE_MS = 50;

const seen = { probes: 0, worstProbeMs: 0, failures: [] };
let running = true;
parentPort.once('message', () => (running = false));
while (running) {
  const start = performance.now();
  try {
    const { status } = await ask(workerData.port, workerData.probe, { agent: false });
    if (status !== 200) seen.failures.push(`probe: ${status}`);
  } catch (error) {
    seen.failures.push(`probe: ${error.message}`);
  }
  seen.worstProbeMs = Math.max(seen.worstProbeMs, Math.round(performance.now() - start));
  seen.probes += 1;
  await delay(PROBE_MS);
}
parentPort.postMessage(seen);
