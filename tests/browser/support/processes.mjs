// The processes that a test starts, and how they end: always by id, together with everything that
// they started, and at the latest when the test's own process exits.
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const tracked = new Set();

/** @returns {{pid: number, parent: number}[]} every process that has not ended */
function liveProcesses() {
  const processes = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    let stat;
    try {
      stat = readFileSync(`/proc/${entry}/stat`, 'latin1');
    } catch {
      continue; // It ended while the directory was being read.
    }
    // The name of the command, in parentheses, may hold spaces itself.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state !== 'Z' && state !== 'X')
      processes.push({ pid: Number(entry), parent: Number(parent) });
  }
  return processes;
}

/** The ids of `pid` and of all that descends from it. */
export function processTree(pid) {
  const processes = liveProcesses();
  const tree = new Set(processes.some((process) => process.pid === pid) ? [pid] : []);
  for (let size = -1; size !== tree.size;) {
    size = tree.size;
    for (const process of processes) if (tree.has(process.parent)) tree.add(process.pid);
  }
  return tree;
}

function sendSignal(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Sends SIGKILL to `pid` and its descendants, all of them stopped first so that none can escape. */
function signalTree(pid) {
  const tree = new Set();
  for (let size = -1; size !== tree.size;) {
    size = tree.size;
    for (const member of processTree(pid)) {
      tree.add(member);
      sendSignal(member, 'SIGSTOP');
    }
  }
  for (const member of tree) sendSignal(member, 'SIGKILL');
  return tree;
}

/** Makes sure that `pid` and its descendants end when this process does. */
export function trackProcess(pid) {
  tracked.add(pid);
}

/** Waits until processes that were sent SIGKILL have ended. */
async function waitForEnd(pids) {
  const deadline = Date.now() + 10_000;
  while (liveProcesses().some(({ pid }) => pids.has(pid))) {
    if (Date.now() > deadline)
      throw new Error(`processes ${[...pids].join(', ')} survived SIGKILL`);
    await delay(10);
  }
}

/** Kills `pid` and its descendants without a chance to clean up, and waits until all have ended. */
export async function killTree(pid) {
  await waitForEnd(signalTree(pid));
  tracked.delete(pid);
}

/** The words of a process's command line, none when it has just ended. */
function commandLine(pid) {
  try {
    // Chromium's renderers write it anew, with blanks.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split(/[\0 ]/);
  } catch {
    return [];
  }
}

/** Kills, in the same way, those descendants of `pid` that are started by words that match. */
export async function killDescendants(pid, matches) {
  const victims = [...processTree(pid)].filter((member) => matches(commandLine(member)));
  if (victims.length === 0) throw new Error(`no descendant of ${pid} is of that kind`);
  for (const victim of victims) sendSignal(victim, 'SIGKILL');
  await waitForEnd(new Set(victims));
}

/** The child of this process that was started with `argument` as one of its arguments. */
export function findChild(argument) {
  for (const { pid, parent } of liveProcesses()) {
    if (parent === process.pid && commandLine(pid).includes(argument)) return pid;
  }
  throw new Error(`no child process has the argument ${argument}`);
}

/** Blocks this thread, for the exit handler, where nothing asynchronous runs any more. */
function sleepSync(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function endTrackedProcesses() {
  const ended = new Set();
  for (const pid of tracked) for (const member of signalTree(pid)) ended.add(member);
  const deadline = Date.now() + 5000;
  while (Date.now() < deadline && liveProcesses().some(({ pid }) => ended.has(pid))) sleepSync(10);
}

process.on('exit', endTrackedProcesses);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => process.exit(1));
}
// The test runner that started this process may be killed without a word to it.
const runner = process.ppid;
setInterval(() => {
  if (process.ppid !== runner) process.exit(1);
}, 1000).unref();
