// How much memory of its own a browser takes while a job runs: all its processes together, without
// what is shared with the files on disk.
import { readFileSync } from 'node:fs';
import { processTree } from '../../tests/browser/support/processes.mjs';

/** Anonymous memory in bytes; what a process maps of files is the system's cache. */
function ownMemory(pid) {
  let status;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return 0; // It ended while the directory was being read.
  }
  const kilobytes = /^RssAnon:\s+(\d+) kB/m.exec(status);
  return kilobytes ? Number(kilobytes[1]) * 1024 : 0;
}

/** Sampled from outside, with what the job is at; only its measured part counts. */
export class MemoryWatch {
  #pid;
  #before = 0;
  #peak = null;

  constructor(pid) {
    this.#pid = pid;
  }

  /** @param {'prepare' | 'measure' | 'verify'} phase */
  sample(phase) {
    if (phase === 'verify') return;
    let bytes = 0;
    for (const pid of processTree(this.#pid)) bytes += ownMemory(pid);
    if (phase === 'prepare') this.#before = bytes;
    else this.#peak = Math.max(this.#peak ?? 0, bytes);
  }

  /**
   * By how many bytes the memory exceeded, at its highest, what it was before the measured part;
   * null when that was too short to be sampled.
   */
  get growth() {
    return this.#peak === null ? null : Math.max(0, this.#peak - this.#before);
  }
}
