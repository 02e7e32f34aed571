// Checks that the APIs exist which a pool needs, each with a message of its own, before anything in
// OPFS is touched.

import { SahpoolError, UnsupportedEnvironmentError } from '../core/errors.js';
import { exceptionText, isForbidden, isUnsupported } from '../core/exception-text.js';

/** Chromium may take a minute after site data were cleared. */
const LONGEST_OPENING = 15_000;

type Scope = Readonly<Record<string, unknown>>;

/** What this code runs in, when that is known to lack SyncAccessHandles. */
function unsuitableScope(scope: Scope): string | undefined {
  const kinds: [string, string][] = [
    ['Window', 'the main thread of a page'],
    ['SharedWorkerGlobalScope', 'a shared worker'],
    ['ServiceWorkerGlobalScope', 'a service worker'],
  ];
  return kinds.find(([name]) => {
    const constructor = scope[name];
    return typeof constructor === 'function' && globalThis instanceof constructor;
  })?.[1];
}

function prototypeHas(scope: Scope, className: string, method: string): boolean {
  const constructor = scope[className];
  if (typeof constructor !== 'function') return false;
  return method in (constructor.prototype as object);
}

/**
 * Checks what can be checked without waiting.
 * @throws UnsupportedEnvironmentError naming what is missing.
 */
export function checkEnvironment(): void {
  const scope = globalThis as unknown as Scope;
  if (scope['isSecureContext'] === false) {
    throw new UnsupportedEnvironmentError(
      'OPFS needs a secure context: serve the page over https, or from localhost.',
    );
  }
  const hasSyncAccess = prototypeHas(scope, 'FileSystemFileHandle', 'createSyncAccessHandle');
  const place = unsuitableScope(scope);
  if (!hasSyncAccess && place !== undefined) {
    throw new UnsupportedEnvironmentError(
      `A pool needs a dedicated worker, and this is ${place}: ` +
        'browsers give SyncAccessHandles to dedicated workers only.',
    );
  }
  const storage = (scope['navigator'] as Partial<WorkerNavigator> | undefined)?.storage;
  if (typeof (storage as Partial<StorageManager> | undefined)?.getDirectory !== 'function') {
    throw new UnsupportedEnvironmentError(
      'This browser has no OPFS: navigator.storage.getDirectory() is missing.',
    );
  }
  if (!hasSyncAccess) {
    throw new UnsupportedEnvironmentError(
      'This browser has no SyncAccessHandle: ' +
        'FileSystemFileHandle.prototype.createSyncAccessHandle() is missing.',
    );
  }
}

/** Explains an exception of what a page is refused as a whole: OPFS, Web Locks. */
export function explainRefusal(cause: unknown): unknown {
  if (!isForbidden(cause)) return cause;
  return new UnsupportedEnvironmentError(
    'The browser refuses access to storage, as in private windows and sandboxed frames and where ' +
      `cookies are blocked: ${exceptionText(cause)}`,
    { cause },
  );
}

/** The root of OPFS. */
export async function openRoot(): Promise<FileSystemDirectoryHandle> {
  try {
    return await navigator.storage.getDirectory();
  } catch (cause) {
    throw explainRefusal(cause);
  }
}

/** A handle, if the browser gives one in time; one that comes too late is closed. */
function createHandle(file: FileSystemFileHandle): Promise<FileSystemSyncAccessHandle> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(
        new SahpoolError(
          `The browser has not opened "${file.name}" in ${LONGEST_OPENING / 1000} s, as after site ` +
            'data were cleared. Reload the page, or restart the browser.',
        ),
      );
    }, LONGEST_OPENING);
    file
      .createSyncAccessHandle()
      .then((handle) => {
        if (isLate) handle.close();
        resolve(handle);
      })
      .catch(reject)
      .finally(() => {
        clearTimeout(timer);
      });
  });
}

async function demandSynchronous(handle: FileSystemSyncAccessHandle): Promise<void> {
  // The first browsers to have SyncAccessHandle had some of its methods return promises.
  const untyped: { getSize(): unknown; close(): unknown } = handle;
  try {
    const size = untyped.getSize();
    if (typeof size === 'number') return;
    await size;
    throw new UnsupportedEnvironmentError(
      'The SyncAccessHandle of this browser is of the old kind, whose methods are not synchronous.',
    );
  } catch (error) {
    await untyped.close();
    throw error;
  }
}

/** Opens the SyncAccessHandle of a file; explains browsers that have the method but can't. */
export async function openHandle(file: FileSystemFileHandle): Promise<FileSystemSyncAccessHandle> {
  let handle: FileSystemSyncAccessHandle;
  try {
    handle = await createHandle(file);
  } catch (cause) {
    if (!isUnsupported(cause)) throw cause;
    throw new UnsupportedEnvironmentError(
      `SyncAccessHandle is not supported here: ${exceptionText(cause)}`,
      { cause },
    );
  }
  await demandSynchronous(handle);
  return handle;
}

/** Tries all that a pool needs on a file of its own, which it removes. */
export async function tryEnvironment(root: FileSystemDirectoryHandle): Promise<void> {
  const name = `.sahpool-check-${crypto.randomUUID()}`;
  const file = await root.getFileHandle(name, { create: true });
  try {
    (await openHandle(file)).close();
  } finally {
    await root.removeEntry(name);
  }
}
