// How much memory of its own a browser takes while a job runs: all its processes together, without
// what is shared with the files on disk.
import { readFileSync } from 'node:fs';
import { processTree } from '../../tests/browser/support/processes.mjs';

const intervalMilliseconds = 50;

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

export class MemoryWatch {
  #pid;
  #timer;
  #start;
  #peak;

  constructor(pid) {
    this.#pid = pid;
    this.#start = this.#measure();
    this.#peak = this.#start;
    this.#timer = setInterval(() => this.sample(), intervalMilliseconds);
  }

  #measure() {
    let bytes = 0;
    for (const pid of processTree(this.#pid)) bytes += ownMemory(pid);
    return bytes;
  }

  sample() {
    this.#peak = Math.max(this.#peak, this.#measure());
  }

  stop() {
    clearInterval(this.#timer);
  }

  /** By how many bytes the memory exceeded, at its highest, what it was at first. */
  get growth() {
    return this.#peak - this.#start;
  }
}
