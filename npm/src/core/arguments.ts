// Checks of the arguments of the util object's methods.

/** A file or slot name. */
export function checkName(argument: string, value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`argument "${argument}" must be a string`);
  if (value === '') throw new RangeError(`argument "${argument}" must not be empty`);
  if (value.includes('\0')) {
    throw new RangeError(`argument "${argument}" must not contain a NUL character`);
  }
  return value;
}

/** A number of slots. */
export function checkCount(argument: string, value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`argument "${argument}" must be a number`);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`argument "${argument}" must be a non-negative integer, not ${value}`);
  }
  return value;
}

/** A function that is to be called. */
export function checkFunction(argument: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`argument "${argument}" must be a function`);
}

/** Bytes in any of the shapes that hold them. */
export function checkBytes(argument: string, value: unknown): Uint8Array {
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  const isShared = typeof SharedArrayBuffer === 'function' && value instanceof SharedArrayBuffer;
  if (value instanceof ArrayBuffer || isShared) return new Uint8Array(value);
  throw new TypeError(`${argument} must be an ArrayBuffer or a view of one`);
}
