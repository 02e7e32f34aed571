// The rules of official-rules.mjs, kept here. The same are run on the official VFS, where they must
// fail in the known way: so a test that can't fail is noticed.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { loadOfficial, setUp, useStandIns } from './harness.mjs';
import { rules } from './official-rules.mjs';

/** How the official VFS of SQLite 3.54 breaks a rule; those that it keeps are left out. */
const officialFaults = {
  'a failed start deletes nothing': /unable to open database file/,
  'of two that start at once one gets the pool': /0 !== 1/,
  'no handle that opens beside a pause stays open': /3 !== 0/,
  'a header with a bad digest is left as it is': /Uint8Array\(4096\)/,
  'a header with unexpected flags is left as it is': /Uint8Array\(4096\)/,
  'a header is written by one call': /2 !== 1/,
  'a header that is written short is an error': /Missing expected exception/,
  'an import in pieces that fails leaves the old database': /no such table: t/,
  'an import that is cut off by the end of its tab leaves the old database': /unable to open/,
  'names with # and ? are files of their own': /table t already exists/,
  'a database named with # survives a rollback': /unable to open/,
  'an export in the middle of a transaction has what is committed': /the copy is corrupt/,
  'an export has what is in the WAL': /no such table: t/,
  'running out of quota is SQLITE_FULL, with usage and quota': /disk I\/O error$/,
  'every method resolves names in the same way': /'some dir\/\.\.\/ä b\.db'/,
  'an exception of a handle is an error with its text': /disk I\/O error$/,
};

/** The same of 3.53, which 3.54 keeps. */
const olderFaults = {
  'a failed start leaves no handle open': /5 !== 0/,
  'a second connection loses no commit': /out of order/,
  'a leftover journal is rolled back although a second connection is open': /0 !== 1/,
  'an exception in xFileSize and xClose is no exception through C':
    /UnknownError: the disk is gone/,
};

/** Runs a rule on what `begin(opfs)` gives. */
async function run(rule, begin) {
  const first = await begin();
  let util;
  await rule({
    ...first,
    install: async (options) => (util = await first.install(options)),
    restart: async (opfs = first.opfs) => {
      util.pauseVfs();
      return begin(opfs);
    },
  });
}

describe('the rules', () => {
  for (const [title, rule] of Object.entries(rules)) {
    test(title, async (t) => {
      const begin = async (opfs) => {
        const context = await setUp(t, { opfs });
        const install = (options) =>
          context.install({ name: 'pool', directory: 'dir', verbosity: 0, ...options });
        return { ...context, install };
      };
      await run(rule, begin);
    });
  }
});

for (const [version, faults] of [
  ['3.54', officialFaults],
  ['3.53', olderFaults],
]) {
  describe(`the official VFS of SQLite ${version} breaks`, () => {
    for (const [title, fault] of Object.entries(faults)) {
      test(title, async (t) => {
        const begin = async (given) => {
          const { opfs } = useStandIns(t, given);
          const sqlite3 = await loadOfficial(version);
          const install = (options) =>
            sqlite3.installOpfsSAHPoolVfs({
              name: 'pool',
              directory: 'dir',
              verbosity: 0,
              ...options,
            });
          return { opfs, sqlite3, install };
        };
        await assert.rejects(run(rules[title], begin), fault);
      });
    }
  });
}
