// The README's first example as a new user tries it: the package's tarball installed in an empty
// folder, built by Vite without configuration, served by Vite's development server, and without a
// bundler.
import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { startServerCommand } from '../support/commands.mjs';
import { buildWithVite, makeNewUserProject, viteProgram } from '../support/new-user.mjs';
import { startServer } from '../support/server.mjs';

const servers = [];
after(() => Promise.all(servers.map((server) => server.close())));

let prepared;

/**
 * Makes the project and its servers once for all browsers; gives the address of each page. No page
 * is isolated, as on most hosts: where it is, SQLite starts the worker of its `opfs` VFS, for which
 * Firefox sometimes waits for ever when the page was reloaded.
 */
function prepare() {
  prepared ??= (async () => {
    const project = await makeNewUserProject();
    servers.push(
      await startServer(project, { isolation: false }),
      await startServer(await buildWithVite(project), { isolation: false }),
      await startServerCommand(viteProgram(project), ['--port', '0'], project),
      await startServer(await buildWithVite(project, 'config')),
      await startServer(await buildWithVite(project, 'query')),
    );
    const [plain, built, served, config, query] = servers.map(({ origin }) => origin);
    return {
      'without a bundler': `${plain}/plain/index.html`,
      'at the top level of a module': `${plain}/top-level/index.html`,
      'built by Vite': `${built}/index.html`,
      "served by Vite's development server": `${served}/index.html`,
      'isolated, configured': `${config}/index.html`,
      'isolated, by a query': `${query}/index.html`,
    };
  })();
  return prepared;
}

const waysOfServing = [
  'without a bundler',
  'at the top level of a module',
  'built by Vite',
  "served by Vite's development server",
];

export function newUser(session) {
  for (const way of waysOfServing) {
    it(`the README's first example ${way}`, async () => {
      const addresses = await prepare();
      const page = await session.openUrl(addresses[way]);
      const { visits, ...first } = await page.evaluate(() => globalThis.outcome);
      assert.deepEqual(first, { names: ['/my-database.db'], isOurs: true, hasOpfs: false });
      await page.reload();
      const second = await page.evaluate(() => globalThis.outcome);
      assert.deepEqual(second, { ...first, visits: visits + 1 });
    });
  }

  it('an isolated page built by Vite leaves out the `opfs` VFS by configuration', async () => {
    const addresses = await prepare();
    const page = await session.openUrl(addresses['isolated, configured']);
    assert.ok(await page.evaluate(() => globalThis.crossOriginIsolated));
    const { hasOpfs, names } = await page.evaluate(() => globalThis.outcome);
    assert.deepEqual({ hasOpfs, names }, { hasOpfs: false, names: ['/my-database.db'] });
  });

  // Firefox may wait for ever for what is started here.
  if (session.browserName === 'chromium') {
    it('an isolated page built by Vite has lost the query of its worker', async () => {
      const addresses = await prepare();
      const page = await session.openUrl(addresses['isolated, by a query']);
      const { hasOpfs } = await page.evaluate(() => globalThis.outcome);
      assert.equal(hasOpfs, true);
    });
  }
}
