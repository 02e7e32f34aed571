// What is said where OPFS or its SyncAccessHandles are missing, each thing for itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { UnsupportedEnvironmentError } from '../../npm/dist/index.js';
import { replaceProperties } from '../standin/opfs.mjs';
import { setUp } from './harness.mjs';

/** Fails to install a pool, with that message, and leaves OPFS as it was: empty. */
async function assertUnsupported({ install, opfs }, message) {
  await assert.rejects(install({ name: 'a', forceReinitIfPreviouslyFailed: true }), (error) => {
    assert.ok(error instanceof UnsupportedEnvironmentError, String(error));
    assert.match(error.message, message);
    return true;
  });
  assert.equal(opfs.root.entries.size, 0);
  assert.equal(opfs.openHandles, 0);
}

function replace(t, target, values) {
  t.after(replaceProperties(target, values));
}

test('an insecure context', async (t) => {
  const context = await setUp(t);
  replace(t, globalThis, { isSecureContext: false });
  await assertUnsupported(context, /secure context/);
});

test('no getDirectory()', async (t) => {
  const context = await setUp(t);
  replace(t, navigator, { storage: {} });
  await assertUnsupported(context, /getDirectory\(\) is missing/);
});

test('no navigator.storage', async (t) => {
  const context = await setUp(t);
  replace(t, navigator, { storage: undefined });
  await assertUnsupported(context, /getDirectory\(\) is missing/);
});

test('no createSyncAccessHandle()', async (t) => {
  const context = await setUp(t);
  replace(t, globalThis, { FileSystemFileHandle: class {} });
  await assertUnsupported(context, /createSyncAccessHandle\(\) is missing/);
});

for (const [name, place] of [
  ['Window', /main thread/],
  ['SharedWorkerGlobalScope', /shared worker/],
  ['ServiceWorkerGlobalScope', /service worker/],
]) {
  test(`a ${name}`, async (t) => {
    const context = await setUp(t);
    class Scope {
      static [Symbol.hasInstance](value) {
        return value === globalThis;
      }
    }
    replace(t, globalThis, { [name]: Scope, FileSystemFileHandle: class {} });
    await assertUnsupported(context, place);
  });
}

test('a createSyncAccessHandle() that is not supported', async (t) => {
  const context = await setUp(t);
  context.opfs.faults.on('createSyncAccessHandle', () => {
    throw new DOMException('AccessHandle is not implemented', 'NotSupportedError');
  });
  await assertUnsupported(context, /SyncAccessHandle is not supported here/);
});

test('handles with asynchronous methods', async (t) => {
  const context = await setUp(t);
  context.opfs.faults.on('getSize', () => Promise.resolve(0));
  await assertUnsupported(context, /not synchronous/);
});

test('OPFS that is refused, as in private windows', async (t) => {
  const context = await setUp(t);
  context.opfs.faults.on('getDirectory', () => {
    throw new DOMException('Security error when calling GetDirectory', 'SecurityError');
  });
  await assertUnsupported(context, /refuses access to OPFS/);
});

test('a pool that has slots opens without creating anything', async (t) => {
  const { opfs, install } = await setUp(t);
  (await install({ name: 'a' })).pauseVfs();
  const again = await setUp(t, { opfs });
  opfs.faults.on('getFileHandle', ({ create }) => {
    if (create) throw new DOMException('no space', 'QuotaExceededError');
  });
  assert.equal((await again.install({ name: 'a' })).getCapacity(), 6);
});
