// What a caught value says, and which kind of failure it is.

const OUT_OF_SPACE = /QuotaExceeded|QUOTA_EXCEEDED|DOM_QUOTA|NO_DEVICE_SPACE|DISK_FULL/;
const LONGEST_TEXT = 160;

/** "NotFoundError: A requested file …", short enough for an SQLite error text. */
export function exceptionText(exception: unknown): string {
  const text = String(exception);
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT - 1)}…`;
}

/** The exception as what a promise may be rejected with. */
export function asError(exception: unknown): Error {
  return exception instanceof Error ? exception : new Error(exceptionText(exception));
}

function nameOf(exception: unknown): string {
  return exception instanceof Error ? exception.name : '';
}

/** Whether the exception says that quota or disk space has run out. */
export function isOutOfSpace(exception: unknown): boolean {
  // Firefox throws its internal error by name, or only mentions it in the message.
  return OUT_OF_SPACE.test(exceptionText(exception));
}

/**
 * Whether an exception of createSyncAccessHandle() says that somebody else has the file open:
 * NoModificationAllowedError in Chromium and Firefox, InvalidStateError in Safari.
 */
export function isLocked(exception: unknown): boolean {
  return /^(NoModificationAllowed|InvalidState)Error$/.test(nameOf(exception));
}

export function isNotFound(exception: unknown): boolean {
  return nameOf(exception) === 'NotFoundError';
}

export function isUnsupported(exception: unknown): boolean {
  return nameOf(exception) === 'NotSupportedError';
}

/**
 * Whether an exception of getDirectory() or locks.request() says that storage is closed to this page:
 *   SecurityError    Firefox in private windows and sandboxed frames; Chromium with cookies blocked
 *   NotAllowedError  Chromium, by a policy or in some embedded pages
 *   UnknownError     Safari in private windows
 */
export function isForbidden(exception: unknown): boolean {
  return /^(Security|NotAllowed|Unknown)Error$/.test(nameOf(exception));
}
