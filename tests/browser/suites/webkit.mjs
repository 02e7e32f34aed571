// WebKitGTK runs the side module and the package; its own OPFS can't open handles, and says so.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../support/server.mjs';
import { reportOfPage } from '../support/webkit.mjs';

export function describeWebKit() {
  describe('webkit', { concurrency: 1 }, () => {
    let server;
    let outcome;
    before(
      async () => {
        server = await startServer();
        outcome = await reportOfPage(`${server.origin}/tests/browser/pages/webkit.html`);
      },
      { timeout: 90_000 },
    );
    after(() => server?.close());

    it('the real API is refused with an error that says what is missing', () => {
      assert.equal(outcome.failed, undefined);
      assert.equal(outcome.real.name, 'UnsupportedEnvironmentError');
      assert.ok(outcome.real.isOwnClass);
      assert.match(outcome.real.message, /SyncAccessHandle is not supported here/);
    });

    it('over a stand-in for OPFS, everything works', () => {
      const { refused, ...seen } = outcome.standIn;
      const complete = { rows: 1001, sum: 750_751, integrity: 'ok' };
      assert.deepEqual(seen, {
        mode: 'wal',
        seenByReader: complete,
        seenInCopy: complete,
        names: ['/copy.db', '/items.db'],
      });
      assert.equal(refused?.name, 'SQLite3Error');
    });
  });
}
