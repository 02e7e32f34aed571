// What is said where OPFS or its SyncAccessHandles are missing, each thing for itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PoolBusyError, SahpoolError, UnsupportedEnvironmentError } from '../../npm/dist/index.js';
import { replaceProperties } from '../standin/replace-properties.mjs';
import { setUp, tick } from './harness.mjs';

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

// What each browser says of storage that is closed to the page, and where.
for (const [who, name, message] of [
  ['Firefox in a private window', 'SecurityError', 'Security error when calling GetDirectory'],
  ['Chromium with cookies blocked', 'SecurityError', 'Storage directory access is denied.'],
  ['Chromium by a policy', 'NotAllowedError', 'The request is not allowed by the user agent'],
  [
    'Safari in a private window',
    'UnknownError',
    'The operation failed for an unknown transient reason',
  ],
]) {
  test(`OPFS refused: ${who}`, async (t) => {
    const context = await setUp(t);
    context.opfs.faults.on('getDirectory', () => {
      throw new DOMException(message, name);
    });
    await assertUnsupported(context, /refuses access to storage.*private windows.*cookies/);
  });
}

test('Web Locks refused: Firefox in a sandboxed frame', async (t) => {
  const context = await setUp(t);
  replace(t, navigator, {
    locks: {
      request: () =>
        Promise.reject(new DOMException('request() is not allowed here', 'SecurityError')),
    },
  });
  await assertUnsupported(context, /refuses access to storage.*sandboxed/);
});

for (const [who, name, message] of [
  ['Chromium', 'NoModificationAllowedError', 'there is another open Access Handle'],
  ['Firefox', 'NoModificationAllowedError', 'No modification allowed'],
  ['Safari', 'InvalidStateError', 'The object is in an invalid state.'],
]) {
  test(`a locked file is waited for: ${who}`, async (t) => {
    const { opfs, install } = await setUp(t);
    (await install({ name: 'a' })).pauseVfs();
    const again = await setUp(t, { opfs });
    opfs.faults.on('createSyncAccessHandle', ({ nth }) => {
      if (nth <= 8) throw new DOMException(message, name);
    });
    assert.equal((await again.install({ name: 'a' })).getCapacity(), 6);
    assert.ok(opfs.faults.count('createSyncAccessHandle') > 8);
  });

  test(`a file that stays locked is a PoolBusyError: ${who}`, async (t) => {
    const { opfs, install } = await setUp(t);
    (await install({ name: 'a' })).pauseVfs();
    const again = await setUp(t, { opfs });
    opfs.faults.on('createSyncAccessHandle', () => {
      throw new DOMException(message, name);
    });
    await assert.rejects(again.install({ name: 'a', acquireTimeout: 50 }), PoolBusyError);
    assert.equal(opfs.openHandles, 0);
  });
}

test('a handle that the browser does not open in time', async (t) => {
  const { opfs, install } = await setUp(t);
  (await install({ name: 'a' })).pauseVfs();
  const again = await setUp(t, { opfs });
  let open;
  const opened = new Promise((resolve) => (open = resolve));
  opfs.faults.on('createSyncAccessHandle', () => opened);
  const { setTimeout } = globalThis;
  replace(t, globalThis, {
    setTimeout: (callback, delay) => setTimeout(callback, delay >= 15_000 ? 10 : delay),
  });
  await assert.rejects(again.install({ name: 'a' }), (error) => {
    assert.ok(error instanceof SahpoolError, String(error));
    assert.match(error.message, /has not opened .* in 15 s, as after site data were cleared/);
    return true;
  });
  open();
  await tick();
  assert.equal(opfs.openHandles, 0, 'what comes too late is closed');
  opfs.faults.clear();
  const util = await again.install({ name: 'a', forceReinitIfPreviouslyFailed: true });
  assert.equal(util.getCapacity(), 6);
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
