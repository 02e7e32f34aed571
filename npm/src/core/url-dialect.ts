// The points in which the URL parsers of browsers differ. The official VFS names its files with the
// parser of the browser that it runs in, and so the side module has to spell names as that one does.

import { ENCODES_BAR, ENCODES_CARET, KNOWS_DRIVE_LETTERS } from './abi.js';

function pathnameOf(name: string): string {
  return new URL(name, 'file://localhost/').pathname;
}

/** This browser's parser, as flags for sahpool_set_url_dialect(). */
export function urlDialectFlags(): number {
  let flags = 0;
  if (pathnameOf('^') === '/%5E') flags |= ENCODES_CARET;
  if (pathnameOf('x/|') === '/x/%7C') flags |= ENCODES_BAR;
  if (pathnameOf('/C|/..') === '/C:/') flags |= KNOWS_DRIVE_LETTERS;
  return flags;
}
