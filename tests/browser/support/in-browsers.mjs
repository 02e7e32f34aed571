// The frame of the suites: each runs in every browser, all of a browser's in one Session.
import { after, afterEach, before, describe } from 'node:test';
import { browserNames } from './browsers.mjs';
import { Session } from './session.mjs';

/**
 * Declares the tests of each suite once for each browser; the browsers run side by side.
 * @param {Record<string, (session: Session) => void>} suites
 */
export function describeInBrowsers(suites) {
  describe('browsers', { concurrency: browserNames.length }, () => {
    for (const name of browserNames) {
      // Within a browser one after the other, as suites inherit concurrency unless told otherwise.
      describe(name, { concurrency: 1 }, () => {
        const session = new Session(name);
        before(() => session.start(), { timeout: 90_000 });
        after(() => session.stop());
        for (const [subject, declare] of Object.entries(suites)) {
          describe(subject, () => {
            afterEach(() => session.closePages());
            declare(session);
          });
        }
      });
    }
  });
}
