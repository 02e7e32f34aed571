// The options of installOpfsSAHPoolVfs(), checked and completed.

import type { InstallOptions, JournalMode } from '../core/types.js';

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly name: string;
  /** Path of the directory without empty parts, '' for the root of OPFS. */
  readonly directory: string;
  readonly initialCapacity: number;
  readonly clearOnInit: boolean;
  readonly verbosity: number;
  readonly forceReinitIfPreviouslyFailed: boolean;
  readonly autoGrow: number;
  readonly acquireTimeout: number;
  readonly journalMode: JournalMode;
}

const DEFAULT_NAME = 'opfs-sahpool';
const DEFAULT_CAPACITY = 6;
const DEFAULT_VERBOSITY = 2;
const HIGHEST_VERBOSITY = 3;
const DEFAULT_ACQUIRE_TIMEOUT = 3000;
/** Far beyond what a browser can hold open; guards against a size in bytes given by mistake. */
const MOST_SLOTS = 100_000;

type Given = Readonly<Record<string, unknown>>;

function fail(option: string, demand: string, value: unknown): never {
  const shown = typeof value === 'string' ? `"${value}"` : String(value);
  throw new TypeError(`option "${option}" must be ${demand}, not ${shown}`);
}

function text(given: Given, option: string): string | undefined {
  const value = given[option] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'string') fail(option, 'a string', value);
  if (value.includes('\0')) fail(option, 'a string without NUL characters', value);
  return value;
}

function flag(given: Given, option: string): boolean {
  const value = given[option] ?? false;
  // 0 and 1 are common stand-ins; a string such as 'false' would mean its opposite.
  if (typeof value !== 'boolean' && value !== 0 && value !== 1) fail(option, 'a boolean', value);
  return Boolean(value);
}

const INTEGER = 'an integer';
const MILLISECONDS = 'a number of milliseconds';

function numeric(
  given: Given,
  option: string,
  kind: typeof INTEGER | typeof MILLISECONDS,
  fallback: number,
  most: number,
): number {
  const value = given[option] ?? fallback;
  const isOfKind = kind === MILLISECONDS || Number.isInteger(value);
  if (typeof value !== 'number' || !isOfKind || !(value >= 0 && value <= most)) {
    fail(option, `${kind} from 0 to ${most}`, value);
  }
  return value;
}

function journalMode(given: Given): JournalMode {
  const value = given['journalMode'] ?? 'delete';
  if (value !== 'delete' && value !== 'wal') fail('journalMode', '"delete" or "wal"', value);
  return value;
}

function nameOf(given: Given): string {
  const name = text(given, 'name') ?? DEFAULT_NAME;
  if (name === '') fail('name', 'a string that is not empty', name);
  return name;
}

function directoryOf(given: Given, name: string): string {
  // As with the official VFS, an empty directory is none.
  const directory = text(given, 'directory') ?? '';
  const parts = (directory === '' ? `.${name}` : directory).split('/').filter((it) => it !== '');
  if (parts.some((it) => it === '.' || it === '..')) {
    fail('directory', 'a path without "." and ".." parts', directory);
  }
  return parts.join('/');
}

/**
 * Checks the options.
 * @throws TypeError naming the first bad one.
 */
export function resolveOptions(options: InstallOptions | null | undefined): ResolvedOptions {
  const value: unknown = options ?? {};
  if (typeof value !== 'object') throw new TypeError('the options must be an object');
  const given = value as Given;
  const name = nameOf(given);
  flag(given, 'preserveOnInitFailure');
  return {
    name,
    directory: directoryOf(given, name),
    initialCapacity: numeric(given, 'initialCapacity', INTEGER, 0, MOST_SLOTS) || DEFAULT_CAPACITY,
    clearOnInit: flag(given, 'clearOnInit'),
    verbosity: numeric(given, 'verbosity', INTEGER, DEFAULT_VERBOSITY, HIGHEST_VERBOSITY),
    forceReinitIfPreviouslyFailed: flag(given, 'forceReinitIfPreviouslyFailed'),
    autoGrow: numeric(given, 'autoGrow', INTEGER, 0, MOST_SLOTS),
    acquireTimeout: numeric(
      given,
      'acquireTimeout',
      MILLISECONDS,
      DEFAULT_ACQUIRE_TIMEOUT,
      2 ** 31 - 1,
    ),
    journalMode: journalMode(given),
  };
}
