// All browser tests, in one process so that they share a start of each browser.
import { conformance } from './suites/conformance.mjs';
import { connections } from './suites/connections.mjs';
import { crashes } from './suites/crashes.mjs';
import { environment } from './suites/environment.mjs';
import { faults } from './suites/faults.mjs';
import { fixtures } from './suites/fixtures.mjs';
import { interchange } from './suites/interchange.mjs';
import { largeFiles } from './suites/large-files.mjs';
import { newUser } from './suites/new-user.mjs';
import { officialFaults } from './suites/official-faults.mjs';
import { quota } from './suites/quota.mjs';
import { start } from './suites/start.mjs';
import { versionsOfSqlite } from './suites/versions.mjs';
import { describeWebKit } from './suites/webkit.mjs';
import { describeInBrowsers } from './support/in-browsers.mjs';

describeInBrowsers({
  conformance,
  fixtures,
  interchange,
  connections,
  start,
  faults,
  quota,
  'faults of the official VFS': officialFaults,
  crashes,
  environment,
  'large files': largeFiles,
  'versions of SQLite': versionsOfSqlite,
  'new user': newUser,
});
describeWebKit();
