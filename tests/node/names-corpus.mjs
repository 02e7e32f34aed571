// A seeded corpus of file names, biased to what URL parsers treat specially, with the stored name
// that each must get. src/format/file_name.h says what is asked of the resolver.

// A name, and the URL parser's pathname of it where the name is ordinary: where the parser sees a
// path and nothing but a path. null where it would see more, and drop or merge parts of the name.
/** @typedef {{ name: string, expected: string | null }} NameCase */

export const MAX_STORED_NAME_BYTES = 510;

const BASE_URL = 'file://localhost/';

const DOTS = [
  '.',
  '..',
  '%2e',
  '%2E',
  '.%2e',
  '%2E.',
  '%2e%2E',
  '...',
  '%2e.%2e',
  '%',
  '%2',
  '2e',
  '2E',
];
const SEPARATORS = ['/', '/', '/', '/', '\\', '//'];
const DRIVES = ['C', 'C', 'c', 'z', 'C|', 'C:', ':', '|', '1|'];
const URL_SYNTAX = ['#', '?', 'a:', 'http:', 'file:', '@', ';', '&', '=', '+', '-', '_', ','];
const ESCAPES = ['%23', '%3f', '%2F', '%5c', '%20', '%00', '%7C', '%5E', '%zz', '%C3%A4'];
const ASCII = [
  '"',
  '<',
  '>',
  '{',
  '}',
  '[',
  ']',
  '`',
  "'",
  '^',
  '~',
  '!',
  '$',
  '(',
  ')',
  '*',
  'a',
  'B',
  '7',
];
const BLANKS = [' ', ' ', '\t', '\n', '\r', '\x01', '\x1b', '\x1f', '\x7f'];
const UNICODE = [
  'é',
  'ß',
  '漢',
  '😀',
  'e\u0301',
  '\u0080',
  '\u00a0',
  '\u2028',
  '\ufeff',
  '／',
  '．',
  '\ud800',
  '\uffff',
];
const ALPHABETS = [
  [DOTS, SEPARATORS],
  [DOTS, SEPARATORS, DRIVES],
  [DOTS, SEPARATORS, DRIVES, ASCII],
  [DOTS, SEPARATORS, ESCAPES, ASCII, UNICODE],
  [DOTS, SEPARATORS, URL_SYNTAX, ASCII],
  [DOTS, SEPARATORS, BLANKS, ASCII, UNICODE],
  [DOTS, SEPARATORS, DRIVES, URL_SYNTAX, ESCAPES, ASCII, BLANKS, UNICODE],
];

/** Uniform integers below a bound, the same for the same seed (xorshift, 32 bits). */
function makeRandom(seed) {
  let state = seed >>> 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

function pick(random, choices) {
  return choices[random(choices.length)];
}

/** One name in 64 is long enough to come near the limit of a stored name, or to pass it. */
function generateName(random) {
  const alphabet = pick(random, ALPHABETS);
  const length = random(64) === 0 ? 150 + random(250) : 1 + random(14);
  let name = '';
  for (let i = 0; i < length; ++i) name += pick(random, pick(random, alphabet));
  return name;
}

/** Whether the URL parser takes all of `name` for a path. */
export function isOrdinary(name) {
  const hasQueryOrFragment = /[?#]/.test(name);
  const hasScheme = /^[a-z][a-z0-9+.-]*:/i.test(name);
  const hasHost = /^[/\\]{2}/.test(name);
  const isStripped = /[\t\n\r]|^[\0-\x20]|[\0-\x20]$/.test(name);
  return name !== '' && !hasQueryOrFragment && !hasScheme && !hasHost && !isStripped;
}

function segmentsOf(name) {
  return name.split(/[/\\]/);
}

// Node 20's parser departs from the standard, and from the browsers, in two cases. One can be
// spelled around: behind a segment such as ".b" it overlooks dot segments, unless one came before.
function hasHiddenSegment(name) {
  return segmentsOf(name).some((part) => /^\./.test(part) && !/^(\.|%2e){1,2}$/i.test(part));
}

// The other can't: '..' does not remove a first segment that only begins like a drive letter. No
// such name is generated; tests/native/file_name_test.cc has some.
function isMisparsedByNode(name) {
  const parts = segmentsOf(name);
  return (
    parts.some((part) => /^[a-z][:|]./is.test(part)) &&
    parts.some((part) => /^(\.|%2e){2}$/i.test(part))
  );
}

/** The same path with a dot segment in front, which hides schemes and hosts from the parser. */
function withLeadingDot(name) {
  return /^[/\\]/.test(name) ? `/.${name}` : `./${name}`;
}

function pathnameOf(name) {
  return new URL(hasHiddenSegment(name) ? withLeadingDot(name) : name, BASE_URL).pathname;
}

// Characters that stand in for '#' and '?' while the parser runs; no generated name has them.
const STAND_INS = new Map([
  ['#', '\ue023'],
  ['?', '\ue03f'],
]);

function percentEncode(text) {
  return Array.from(new TextEncoder().encode(text), (byte) => {
    return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

/**
 * The pathname that the URL parser gives when it is kept from seeing anything but a path in `name`.
 * It is that of every name, ordinary or not; two names are one file exactly if theirs are equal.
 */
export function pathOnlyPathname(name) {
  const path = name
    .replace(/^[\0-\x20]+|[\0-\x20]+$|[\t\n\r]+/g, percentEncode)
    .replace(/[#?]/g, (character) => STAND_INS.get(character));
  let pathname = pathnameOf(withLeadingDot(path));
  for (const [character, standIn] of STAND_INS) {
    pathname = pathname.replaceAll(percentEncode(standIn), character);
  }
  return pathname;
}

/**
 * `count` distinct names with what is expected of them.
 * @returns {NameCase[]}
 */
export function generateNames(seed, count) {
  const random = makeRandom(seed);
  const names = new Set();
  while (names.size < count) {
    const name = generateName(random);
    if (!isMisparsedByNode(name)) names.add(name);
  }
  return Array.from(names, (name) => ({
    name,
    expected: isOrdinary(name) ? pathnameOf(name) : null,
  }));
}
