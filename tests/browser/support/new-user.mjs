// A new user's project: an empty folder, the package's tarball and the official package installed,
// and the first example of the README in a worker.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './commands.mjs';
import { repositoryRoot, temporaryDirectory } from './files.mjs';

/** The first JavaScript example of the package's README. */
function firstExample() {
  const readme = readFileSync(join(repositoryRoot, 'npm/README.md'), 'utf8');
  const example = /```js\n(.*?)```/s.exec(readme);
  if (!example) throw new Error('the README has no JavaScript example');
  return example[1];
}

/** The version of a development dependency that the repository has pinned. */
function pinnedVersion(name) {
  const { devDependencies } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json')));
  return `${name}@${devDependencies[name]}`;
}

/** Where the modules are in a project that is served as it is. */
const unbundledModules = {
  '@sqlite.org/sqlite-wasm': '/node_modules/@sqlite.org/sqlite-wasm/dist/index.mjs',
  sahpool: '/node_modules/sahpool/dist/index.js',
};

/** A use of the database that the example opens. */
const useOfExample = `
db.exec('CREATE TABLE IF NOT EXISTS visit(number INTEGER PRIMARY KEY)');
db.exec('INSERT INTO visit DEFAULT VALUES');
postMessage({
  visits: db.selectValue('SELECT count(*) FROM visit'),
  names: poolUtil.getFileNames(),
  isOurs: typeof poolUtil.quarantine === 'function',
  hasOpfs: sqlite3.capi.sqlite3_vfs_find('opfs') !== 0,
});
`;

/** The example with a use of its database at the end of its function. */
function readmeWorker() {
  const [body, call] = firstExample().split('\n}\n');
  if (call?.trim() !== 'start();') throw new Error("the README's example does not end in start()");
  const report = 'start().catch((error) => postMessage({ failed: String(error) }));';
  return `${body}\n${useOfExample}}\n${report}\n`;
}

/** The example's statements at the top level, which only modules that nobody bundles can have. */
const topLevelWorker = `
import sqlite3InitModule from '@sqlite.org/sqlite-wasm';
import { attach } from 'sahpool';
const sqlite3 = await attach(sqlite3InitModule());
// from here on the official documentation applies word for word:
const poolUtil = await sqlite3.installOpfsSAHPoolVfs({ name: 'my-app-storage', initialCapacity: 10, directory: 'my-app-data' });
const db = new sqlite3.oo1.DB('my-database.db', 'c', 'my-app-storage');
${useOfExample}`;

/** The worker with its modules by URL, as a page without a bundler has to name them. */
function unbundled(source) {
  return source.replace(/from '([^']+)'/g, (_, name) => `from '${unbundledModules[name]}'`);
}

/** The README's way to keep SQLite from starting VFSes that the app does not use. */
function readmeConfig() {
  const readme = readFileSync(join(repositoryRoot, 'README.md'), 'utf8');
  const statement = /`(globalThis\.sqlite3ApiConfig = .*?)`/s.exec(readme);
  if (!statement) throw new Error('the README does not say how to disable VFSes');
  return `${statement[1]};\n`;
}

const pageSource = (query) => `
globalThis.outcome = new Promise((resolve, reject) => {
  const worker = new Worker(new URL('./worker.js${query}', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => reject(new Error(event.message));
});
`;

const indexSource = `<!doctype html>
<meta charset="utf-8" />
<title>A new user's project</title>
<link rel="icon" href="data:," />
<script type="module" src="./main.js"></script>
`;

function writePage(directory, worker, query = '') {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'index.html'), indexSource);
  writeFileSync(join(directory, 'main.js'), pageSource(query));
  writeFileSync(join(directory, 'worker.js'), worker);
}

/**
 * Makes the project with what it needs installed.
 * @returns {Promise<string>} its directory, in which `plain/` and `top-level/` need no bundler, and
 *   SQLite is told in `config/` and in the query of `query/` to leave its `opfs` VFSes out
 */
export async function makeNewUserProject() {
  const project = temporaryDirectory('new-user');
  const packed = await runCommand(
    'npm',
    ['pack', '--json', '--pack-destination', project],
    join(repositoryRoot, 'npm'),
  );
  const [{ filename }] = JSON.parse(packed);
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  const packages = ['@sqlite.org/sqlite-wasm', 'vite'].map(pinnedVersion);
  const options = ['--prefer-offline', '--no-audit', '--no-fund'];
  await runCommand('npm', ['install', ...options, `./${filename}`, ...packages], project);

  writePage(project, readmeWorker());
  writePage(join(project, 'plain'), unbundled(readmeWorker()));
  writePage(join(project, 'top-level'), unbundled(topLevelWorker));
  writePage(join(project, 'config'), readmeConfig() + readmeWorker());
  writePage(join(project, 'query'), readmeWorker(), '?opfs-disable&opfs-wl-disable');
  return project;
}

/** Builds the project, or that part of it, with Vite; returns the directory of what it made. */
export async function buildWithVite(project, part = '.') {
  await runCommand(viteProgram(project), ['build', part], project);
  return join(project, part, 'dist');
}

export function viteProgram(project) {
  return join(project, 'node_modules/.bin/vite');
}
