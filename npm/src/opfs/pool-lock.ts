// Keeps a pool's directory to one owner: within this worker by a set of names, across workers and
// tabs by a Web Lock.

import { PoolBusyError } from '../core/errors.js';
import { asError } from '../core/exception-text.js';
import { explainRefusal } from './environment-check.js';

/** A directory that is ours until it is released. */
export interface DirectoryClaim {
  release(): void;
}

const claimedHere = new Set<string>();

/** Requests a Web Lock. Resolves to what releases it, to undefined when it is not to be had. */
function requestLock(
  locks: LockManager,
  name: string,
  options: LockOptions,
): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    locks
      .request(name, options, (lock) => {
        if (!lock) {
          resolve(undefined);
          return undefined;
        }
        return new Promise<void>((release) => {
          resolve(release);
        });
      })
      .catch((reason: unknown) => {
        if (options.signal?.aborted === true) resolve(undefined);
        else reject(asError(explainRefusal(reason)));
      });
  });
}

async function waitForLock(
  locks: LockManager,
  name: string,
  milliseconds: number,
): Promise<(() => void) | undefined> {
  const atOnce = await requestLock(locks, name, { ifAvailable: true });
  if (atOnce ?? milliseconds <= 0) return atOnce;
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort();
  }, milliseconds);
  try {
    return await requestLock(locks, name, { signal: controller.signal });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Claims a directory, given in normal form.
 * @param deadline the performance.now() until which to wait for another worker.
 * @throws PoolBusyError when somebody else keeps it.
 */
export async function claimDirectory(directory: string, deadline: number): Promise<DirectoryClaim> {
  if (claimedHere.has(directory)) {
    throw new PoolBusyError(directory, 'this worker, under another name or another sqlite3');
  }
  claimedHere.add(directory);
  try {
    // Absent in some embedders, which then have one context for each origin.
    const locks = (navigator as Partial<WorkerNavigator>).locks;
    let releaseLock: (() => void) | undefined;
    if (locks) {
      releaseLock = await waitForLock(locks, `sahpool:${directory}`, deadline - performance.now());
      if (!releaseLock) throw new PoolBusyError(directory, 'another tab or worker');
    }
    return {
      release() {
        claimedHere.delete(directory);
        releaseLock?.();
      },
    };
  } catch (error) {
    claimedHere.delete(directory);
    throw error;
  }
}
