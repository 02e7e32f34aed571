// Values as the page shows them.

const INTEGER = new Intl.NumberFormat('en');
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

export function formatCount(count, singular, plural = `${singular}s`) {
  return `${INTEGER.format(count)} ${count === 1 ? singular : plural}`;
}

export function formatInteger(value) {
  return INTEGER.format(value);
}

export function formatBytes(bytes) {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

export function formatDuration(milliseconds) {
  return milliseconds < 1000
    ? `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`
    : `${(milliseconds / 1000).toFixed(2)} s`;
}

export function formatTime(isoTime) {
  return new Date(isoTime).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** A stored name for reading: the pool keeps names percent-encoded. */
export function readableName(name) {
  try {
    return decodeURI(name);
  } catch (error) {
    // A stray '%' makes it no encoded text; then the name is shown as it is.
    if (error instanceof URIError) return name;
    throw error;
  }
}

/** The last part of a name, for a downloaded file. */
export function baseName(name) {
  return readableName(name).split('/').pop();
}

/** One value of a result as {text, kind}. */
export function formatValue(value) {
  if (value === null) return { text: 'NULL', kind: 'null' };
  if (typeof value === 'number' || typeof value === 'bigint') {
    return { text: String(value), kind: 'number' };
  }
  if (value instanceof Uint8Array) return { text: formatBlob(value), kind: 'blob' };
  return { text: value, kind: 'text' };
}

function formatBlob(bytes) {
  const shown = Array.from(bytes.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0'));
  const rest = bytes.length > 16 ? `… (${formatCount(bytes.length, 'byte')})` : '';
  return `x'${shown.join('')}'${rest}`;
}
