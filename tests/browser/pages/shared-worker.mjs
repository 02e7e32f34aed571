// Tries to start a pool where browsers give no SyncAccessHandles, and posts the error.
import { attach } from '/npm/dist/index.js';
import { loadSqlite } from './load-sqlite.mjs';
import { errorOf, installPool } from './tools.mjs';

const outcome = errorOf(async () => {
  await installPool(await attach(await loadSqlite('3.54')), 'shared-worker');
});

self.onconnect = async ({ ports: [port] }) => port.postMessage(await outcome);
