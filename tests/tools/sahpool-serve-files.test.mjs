// The development server and the files it is asked for: secrets, links, what is no file, and
// whether a browser has a file already.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { SERVER, ask, startServer } from './server-process.mjs';

// A file that has just changed is not yet trusted to be told from its next version.
const SETTLED_MS = 1100;

let folder;
let site;
let server;

async function put(path, content = 'x') {
  await mkdir(dirname(join(site, path)), { recursive: true });
  await writeFile(join(site, path), content);
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sahpool-serve-files-'));
  site = join(folder, 'site');
  await put('digits.txt', '0123456789');
  await put('again.txt', 'first');
  await put('nothing.txt', '');
  server = await startServer(SERVER, ['--port=0', site]);
  await delay(SETTLED_MS);
});

after(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const get = (path, options) => ask(server.port, path, options);

describe('secrets', () => {
  for (const path of [
    '.env',
    '.env.local',
    '.ENV',
    '.git/config',
    'sub/.git/HEAD',
    '.gitignore',
    '.npmrc',
    '.ssh/known_hosts',
    'sub/.htpasswd',
    '.well-known/.env',
    'server.pem',
    'sub/SERVER.PEM',
    'server.key',
    'server.crt',
    'store.p12',
    'store.pfx',
    'id_rsa',
    'sub/id_ed25519',
    'server.key~',
    '#server.key#',
    'server.key.bak',
    'sub/id_rsa.old',
    'server.pem.orig',
    'server.pem.SWP',
    'store.p12.bak~',
    '#.env#',
    '~.env',
    'Copy of .env',
    'server.key.~1~',
    'server.key.2',
    'server.key.bak2',
    'server.key-2024-01-01',
    'server.key.un~',
    'store.p12 (copy)',
    'id_ed25519 (2)',
    'Copy of id_rsa',
  ]) {
    test(`${path} is refused`, async () => {
      await put(path, 'secret');
      const written = path.replaceAll('#', '%23').replaceAll(' ', '%20');
      const encoded = written.replace(/[.]/g, '%2e');
      for (const asked of [written, `${written}?raw`, encoded, `/${written}`, `./${written}`].map(
        (rest) => `/${rest}`,
      )) {
        const { status, headers, body } = await get(asked);
        assert.equal(status, 403, asked);
        assert.ok(!body.includes('secret'));
        assert.equal(headers['cross-origin-embedder-policy'], 'require-corp');
      }
    });
  }

  test('are refused whether they are there or not', async () => {
    for (const path of ['/.env.missing', '/missing/.git/config', '/missing.pem', '/.git/']) {
      assert.equal((await get(path)).status, 403, path);
    }
  });

  test('are refused through links', async () => {
    await put('.env', 'secret');
    await put('.git/config', 'secret');
    await put('server.pem', 'secret');
    await symlink(join(site, '.env'), join(site, 'env.txt'));
    await symlink(join(site, '.git'), join(site, 'git'));
    await symlink(join(site, 'server.pem'), join(site, 'pem.txt'));
    for (const path of ['/env.txt', '/git/config', '/pem.txt']) {
      assert.equal((await get(path)).status, 403, path);
    }
  });

  test('.well-known, and what only looks like a secret, is served', async () => {
    for (const path of [
      ...['.well-known/security.txt', 'a.env', 'id_rsa.pub', 'keys.js', 'pem'],
      ...['key.old', 'page.html.bak', 'page.html~', 'server.key.js', 'key~', '~', '1', 'p12.2'],
    ]) {
      await put(path);
      assert.equal((await get(`/${path}`)).status, 200, path);
    }
  });

  test('a package manager may keep packages in a folder with a dot', async () => {
    await put('node_modules/.store/lib@1/index.js', 'library');
    await symlink('.store/lib@1', join(site, 'node_modules/lib'));
    assert.equal((await get('/node_modules/lib/index.js')).body.toString(), 'library');
  });

  test('a folder is served whose own path has a dot', async () => {
    await mkdir(join(folder, '.hidden/site'), { recursive: true });
    await writeFile(join(folder, '.hidden/site/a.txt'), 'A');
    const own = await startServer(SERVER, ['--port=0', join(folder, '.hidden/site')]);
    try {
      assert.equal((await ask(own.port, '/a.txt')).body.toString(), 'A');
    } finally {
      await own.stop();
    }
  });
});

describe('what is no file', () => {
  test('a FIFO and links to devices are refused at once', async () => {
    execFileSync('mkfifo', [join(site, 'fifo')]);
    await symlink('/dev/zero', join(site, 'zero'));
    await symlink('/dev/stdin', join(site, 'stdin'));
    await symlink('/proc/self/environ', join(site, 'environ'));
    await symlink('loop', join(site, 'loop'));
    await mkdir(join(site, 'odd/index.html'), { recursive: true });
    for (const [path, status] of [
      ['/fifo', 403],
      ['/zero', 403],
      ['/stdin', 403],
      ['/environ', 403],
      ['/loop', 404],
      ['/odd/', 403],
    ]) {
      assert.equal((await get(path)).status, status, path);
    }
  });

  test('paths that are too long, or wrongly encoded', async () => {
    assert.equal((await get(`/${'a'.repeat(300)}`)).status, 404);
    assert.equal((await get(`/${'a/'.repeat(3000)}`)).status, 404);
    for (const path of ['/%', '/%4', '/%zz', '/digits.txt%00', '/%00']) {
      assert.equal((await get(path)).status, 400, path);
    }
  });
});

test('a file that is replaced again and again is always there and whole', async () => {
  let replacing = true;
  const replaced = (async () => {
    for (let round = 0; replacing; round += 1) {
      await writeFile(join(folder, 'next'), `<${'v'.repeat(round % 50)}>`);
      await rename(join(folder, 'next'), join(site, 'replaced.txt'));
    }
  })();
  await put('replaced.txt', '<>');
  try {
    for (let request = 0; request < 300; request += 1) {
      const { status, body } = await get('/replaced.txt');
      assert.equal(status, 200);
      assert.match(body.toString(), /^<v*>$/);
    }
  } finally {
    replacing = false;
    await replaced;
  }
});

describe('what a browser has already', () => {
  const tagOf = async (path) => (await get(path)).headers.etag;

  test('is not sent again', async () => {
    const first = await get('/digits.txt');
    assert.equal(first.headers['cache-control'], 'no-cache');
    assert.match(first.headers.etag, /^"[^"]+"$/);
    assert.ok(new Date(first.headers['last-modified']) <= new Date(first.headers.date));
    for (const tag of [
      first.headers.etag,
      `W/${first.headers.etag}`,
      `"other", ${first.headers.etag}`,
      '*',
    ]) {
      for (const method of ['GET', 'HEAD']) {
        const { status, headers, body } = await get('/digits.txt', {
          method,
          headers: { 'if-none-match': tag },
        });
        assert.equal(status, 304, tag);
        assert.equal(body.length, 0);
        assert.equal(headers.etag, first.headers.etag);
        for (const name of [
          'cache-control',
          'cross-origin-opener-policy',
          'cross-origin-embedder-policy',
          'cross-origin-resource-policy',
        ]) {
          assert.equal(headers[name], first.headers[name], name);
        }
      }
    }
  });

  test('a 304 leaves the connection in order', async () => {
    const { Agent } = await import('node:http');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const headers = { 'if-none-match': await tagOf('/digits.txt') };
    try {
      for (let round = 0; round < 5; round += 1) {
        assert.equal((await get('/digits.txt', { agent, headers })).status, 304);
        assert.equal((await get('/digits.txt', { agent })).body.toString(), '0123456789');
      }
    } finally {
      agent.destroy();
    }
  });

  test('by its date, if there is no tag', async () => {
    const date = (await get('/digits.txt')).headers['last-modified'];
    const since = (headers) => get('/digits.txt', { headers });
    assert.equal((await since({ 'if-modified-since': date })).status, 304);
    assert.equal(
      (await since({ 'if-modified-since': date, 'if-none-match': '"other"' })).status,
      200,
    );
    assert.equal(
      (await since({ 'if-modified-since': 'Sun, 06 Nov 1994 08:49:37 GMT' })).status,
      200,
    );
  });

  test('is sent again once it has changed, even to the same size and date', async () => {
    const tag = await tagOf('/again.txt');
    await writeFile(join(site, 'again.txt'), 'other');
    const again = await get('/again.txt', { headers: { 'if-none-match': tag } });
    assert.equal(again.status, 200);
    assert.equal(again.body.toString(), 'other');
    await writeFile(join(site, 'again.txt'), 'third');
    const third = await get('/again.txt', {
      headers: { 'if-none-match': again.headers.etag ?? '"none"' },
    });
    assert.equal(third.body.toString(), 'third');
  });

  test('is sent again by a server with other headers', async () => {
    const tag = await tagOf('/digits.txt');
    for (const option of ['--no-isolation', '--cross-origin']) {
      const own = await startServer(SERVER, [option, '--port', '0', site]);
      try {
        const { status } = await ask(own.port, '/digits.txt', {
          headers: { 'if-none-match': tag },
        });
        assert.equal(status, 200, option);
      } finally {
        await own.stop();
      }
    }
  });

  test('If-Match', async () => {
    const match = async (value) =>
      (await get('/digits.txt', { headers: { 'if-match': value } })).status;
    assert.equal(await match(await tagOf('/digits.txt')), 200);
    assert.equal(await match('"other"'), 412);
  });

  test('a part is sent only of the version that is asked for', async () => {
    const { etag, 'last-modified': date } = (await get('/digits.txt')).headers;
    for (const [version, status] of [
      [etag, 206],
      [date, 206],
      ['"other"', 200],
      [`W/${etag}`, 200],
      ['Sun, 06 Nov 1994 08:49:37 GMT', 200],
    ]) {
      const answer = await get('/digits.txt', {
        headers: { range: 'bytes=2-4', 'if-range': version },
      });
      assert.equal(answer.status, status, version);
      assert.equal(answer.body.toString(), status === 206 ? '234' : '0123456789');
    }
  });
});

describe('ranges that make no sense give the whole file', () => {
  for (const range of [
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=5-2',
    'bytes=1',
    'lines=1-2',
    'bytes=--1',
    'bytes=+1-2',
    `bytes=${'0-1,'.repeat(1900)}0-1`,
  ]) {
    test(range.slice(0, 20), async () => {
      const { status, body } = await get('/digits.txt', { headers: { range } });
      assert.equal(status, 200);
      assert.equal(body.toString(), '0123456789');
    });
  }

  test('numbers beyond all files', async () => {
    const huge = '9'.repeat(40);
    const status = async (range, path = '/digits.txt') =>
      (await get(path, { headers: { range } })).status;
    assert.equal(await status(`bytes=${huge}-`), 416);
    assert.equal(await status(`bytes=0-${huge}`), 206);
    assert.equal(await status(`bytes=-${huge}`), 206);
    assert.equal(await status('bytes=-0'), 416);
    assert.equal(await status('bytes=-1', '/nothing.txt'), 416);
  });

  test('HEAD has none', async () => {
    const { status, headers } = await get('/digits.txt', {
      method: 'HEAD',
      headers: { range: 'bytes=0-1' },
    });
    assert.equal(status, 200);
    assert.equal(headers['content-length'], '10');
  });
});
