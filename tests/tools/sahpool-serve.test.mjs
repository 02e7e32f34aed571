// The development server, asked over HTTP.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SERVER, ask, runToEnd, startServer } from './server-process.mjs';

let folder;
let site;
let server;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sahpool-serve-'));
  site = join(folder, 'site');
  await mkdir(join(site, 'sub dir'), { recursive: true });
  await mkdir(join(site, 'empty'));
  await mkdir(join(folder, 'other/deep'), { recursive: true });
  await mkdir(join(folder, 'site-secret'));
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await writeFile(join(folder, 'site-secret/file.txt'), 'secret');
  await writeFile(join(site, 'index.html'), '<p>root</p>');
  await writeFile(join(site, 'sub dir/index.html'), '<p>sub</p>');
  await writeFile(join(site, 'digits.txt'), '0123456789');
  await writeFile(join(site, 'nothing.txt'), '');
  await writeFile(join(site, 'größe ß.txt'), 'named');
  await writeFile(join(folder, 'other/deep/data.txt'), 'mounted');
  await symlink(join(folder, 'secret.txt'), join(site, 'leak.txt'));
  await symlink(folder, join(site, 'leak'));
  await symlink(join(site, 'digits.txt'), join(site, 'link.txt'));
  await symlink(join(folder, 'other/deep/data.txt'), join(site, 'into-mount.txt'));
  server = await startServer(SERVER, [
    '--port=0',
    '--mount',
    `/data=${join(folder, 'other')}`,
    site,
  ]);
});

after(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const get = (path, options) => ask(server.port, path, options);

describe('headers', () => {
  const isolation = {
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-cache',
  };
  for (const [path, status] of [
    ['/', 200],
    ['/digits.txt', 200],
    ['/no-such-file', 404],
    ['/leak.txt', 403],
    ['/sub%20dir', 307],
  ]) {
    test(`isolation and revalidation on ${status} ${path}`, async () => {
      const { status: given, headers } = await get(path);
      assert.equal(given, status);
      for (const [name, value] of Object.entries(isolation)) assert.equal(headers[name], value);
      assert.equal(headers['access-control-allow-origin'], undefined);
    });
  }

  test('--cross-origin lets other origins in', async () => {
    const open = await startServer(SERVER, ['--cross-origin', '--port', '0', site]);
    try {
      const { headers } = await ask(open.port, '/digits.txt');
      assert.equal(headers['cross-origin-resource-policy'], 'cross-origin');
      assert.equal(headers['access-control-allow-origin'], '*');
      assert.equal(headers['cross-origin-embedder-policy'], 'require-corp');
    } finally {
      await open.stop();
    }
  });

  test('--no-isolation leaves out COOP and COEP alone', async () => {
    const plain = await startServer(SERVER, ['--no-isolation', '--port', '0', site]);
    try {
      const { headers } = await ask(plain.port, '/digits.txt');
      assert.equal(headers['cross-origin-opener-policy'], undefined);
      assert.equal(headers['cross-origin-embedder-policy'], undefined);
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
      assert.equal(headers['cache-control'], 'no-cache');
    } finally {
      await plain.stop();
    }
  });
});

describe('MIME types', () => {
  const types = {
    'a.js': 'text/javascript; charset=utf-8',
    'a.mjs': 'text/javascript; charset=utf-8',
    'a.wasm': 'application/wasm',
    'a.json': 'application/json',
    'a.js.map': 'application/json',
    'a.html': 'text/html; charset=utf-8',
    'a.css': 'text/css; charset=utf-8',
    'a.svg': 'image/svg+xml',
    'a.txt': 'text/plain; charset=utf-8',
    'a.png': 'image/png',
    'a.db': 'application/vnd.sqlite3',
    'a.sqlite': 'application/vnd.sqlite3',
    'a.sqlite3': 'application/vnd.sqlite3',
    'A.WASM': 'application/wasm',
    'a.unknown': 'application/octet-stream',
    'no-extension': 'application/octet-stream',
  };
  for (const [name, type] of Object.entries(types)) {
    test(`${name} is ${type}`, async () => {
      await writeFile(join(site, name), 'x');
      const { status, headers } = await get(`/${name}`);
      assert.equal(status, 200);
      assert.equal(headers['content-type'], type);
    });
  }
});

describe('paths', () => {
  test('a directory gives its index.html', async () => {
    assert.equal((await get('/')).body.toString(), '<p>root</p>');
    assert.equal((await get('/sub%20dir/')).body.toString(), '<p>sub</p>');
  });

  test('a directory without its slash is redirected, with its query', async () => {
    const { status, headers } = await get('/sub%20dir?a=1&b=2');
    assert.equal(status, 307);
    assert.equal(headers.location, '/sub%20dir/?a=1&b=2');
  });

  test('a redirect never leads to another host', async () => {
    const { headers } = await get('//sub%20dir');
    assert.equal(headers.location, '/sub%20dir/');
  });

  test('names outside ASCII, and a query', async () => {
    const { body } = await get(`/${encodeURIComponent('größe ß.txt')}?v=3`);
    assert.equal(body.toString(), 'named');
  });

  test('a directory without index.html, a missing file, a file taken for a directory: 404', async () => {
    for (const path of ['/empty/', '/missing.txt', '/digits.txt/', '/digits.txt/more']) {
      assert.equal((await get(path)).status, 404, path);
    }
  });

  test('mounts', async () => {
    assert.equal((await get('/data/deep/data.txt')).body.toString(), 'mounted');
    assert.equal((await get('/database')).status, 404, 'a prefix ends at a slash');
  });

  test('links inside of what is served are followed', async () => {
    assert.equal((await get('/link.txt')).body.toString(), '0123456789');
    assert.equal((await get('/into-mount.txt')).body.toString(), 'mounted');
  });

  for (const path of [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e%2fsecret.txt',
    '/sub%20dir/../../secret.txt',
    '/../site-secret/file.txt',
    '/data/../../secret.txt',
    '/data/..%2f..%2fsecret.txt',
    '/data//../secret.txt',
    '/..\\secret.txt',
    '/....//secret.txt',
    '/leak.txt',
    '/leak/secret.txt',
    '/leak/site-secret/file.txt',
    `//${'..%2f'.repeat(12)}etc/passwd`,
  ]) {
    test(`refuses ${path}`, async () => {
      const { status, body } = await get(path);
      assert.equal(status, 403);
      assert.ok(!body.includes('secret'));
    });
  }

  for (const path of ['//etc/passwd', '/%252e%252e/secret.txt']) {
    test(`finds nothing at ${path}`, async () => {
      assert.equal((await get(path)).status, 404);
    });
  }

  test('a NUL in a path is a bad request', async () => {
    assert.equal((await get('/digits.txt%00.html')).status, 400);
  });
});

describe('methods', () => {
  test('HEAD gives the headers of GET and no body', async () => {
    const { status, headers, body } = await get('/digits.txt', { method: 'HEAD' });
    assert.equal(status, 200);
    assert.equal(headers['content-length'], '10');
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(body.length, 0);
    assert.equal((await get('/missing', { method: 'HEAD' })).status, 404);
  });

  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    test(`${method} is not allowed`, async () => {
      const { status, headers } = await get('/digits.txt', { method });
      assert.equal(status, 405);
      assert.equal(headers.allow, 'GET, HEAD');
    });
  }
});

describe('byte ranges', () => {
  const range = (value, path = '/digits.txt') => get(path, { headers: { range: value } });

  for (const [asked, given, body] of [
    ['bytes=0-0', 'bytes 0-0/10', '0'],
    ['bytes=2-4', 'bytes 2-4/10', '234'],
    ['bytes=7-', 'bytes 7-9/10', '789'],
    ['bytes=-3', 'bytes 7-9/10', '789'],
    ['bytes=5-100', 'bytes 5-9/10', '56789'],
    ['bytes=-100', 'bytes 0-9/10', '0123456789'],
  ]) {
    test(`${asked} gives ${given}`, async () => {
      const answer = await range(asked);
      assert.equal(answer.status, 206);
      assert.equal(answer.headers['content-range'], given);
      assert.equal(answer.headers['content-length'], String(body.length));
      assert.equal(answer.body.toString(), body);
    });
  }

  for (const [asked, path, given] of [
    ['bytes=10-', '/digits.txt', 'bytes */10'],
    ['bytes=50-60', '/digits.txt', 'bytes */10'],
    ['bytes=0-', '/nothing.txt', 'bytes */0'],
  ]) {
    test(`${asked} of ${path} can't be satisfied`, async () => {
      const answer = await range(asked, path);
      assert.equal(answer.status, 416);
      assert.equal(answer.headers['content-range'], given);
    });
  }

  test('several ranges give the whole file', async () => {
    const { status, body } = await range('bytes=0-1,4-5');
    assert.equal(status, 200);
    assert.equal(body.toString(), '0123456789');
  });

  test('a range applies to files only, not to error texts', async () => {
    const { status, body } = await range('bytes=0-1', '/missing');
    assert.equal(status, 404);
    assert.equal(body.toString(), 'Not found\n');
  });

  test('files are announced as having ranges', async () => {
    assert.equal((await get('/digits.txt')).headers['accept-ranges'], 'bytes');
  });
});

test('a large file arrives whole, and in parts', async () => {
  const bytes = randomBytes(9_000_001);
  await writeFile(join(site, 'large.db'), bytes);
  assert.ok((await get('/large.db')).body.equals(bytes));
  const part = await get('/large.db', { headers: { range: 'bytes=1000000-7999999' } });
  assert.ok(part.body.equals(bytes.subarray(1_000_000, 8_000_000)));
});

test('an empty file', async () => {
  const { status, headers, body } = await get('/nothing.txt');
  assert.equal(status, 200);
  assert.equal(headers['content-length'], '0');
  assert.equal(body.length, 0);
});

test('forty requests at once, over connections that are kept', async () => {
  const agent = new Agent({ keepAlive: true });
  try {
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => get('/digits.txt', { agent })),
    );
    assert.ok(answers.every(({ body }) => body.toString() === '0123456789'));
  } finally {
    agent.destroy();
  }
});

describe('start and end', () => {
  test('--port 0 prints the port that it took', () => {
    assert.match(server.line, /^Listening on http:\/\/localhost:\d+\/$/);
    assert.ok(server.port > 0);
  });

  test('listens on the loopback address only', async () => {
    const port = server.port.toString(16).toUpperCase().padStart(4, '0');
    const LISTEN = '0A';
    const sockets = (await Promise.all(['tcp', 'tcp6'].map(readSockets))).flat();
    const listening = sockets.filter(
      ({ local, state }) => state === LISTEN && local.endsWith(`:${port}`),
    );
    assert.deepEqual(
      listening.map(({ local }) => local),
      [`0100007F:${port}`],
    );
  });

  async function readSockets(protocol) {
    const text = await readFile(`/proc/net/${protocol}`, 'utf8').catch((error) => {
      // A kernel without IPv6 has no such table.
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const rows = text.trim().split('\n').slice(1);
    return rows.map((row) => {
      const [, local, , state] = row.trim().split(/\s+/);
      return { local, state };
    });
  }

  test('a port in use is a clear error', async () => {
    const { code, stdout, stderr } = await runToEnd(SERVER, ['--port', `${server.port}`, site]);
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `sahpool-serve: cannot listen on localhost:${server.port}: Address already in use\n`,
    );
    assert.equal(stdout, '');
    assert.equal((await get('/digits.txt')).status, 200, 'the first server is unharmed');
  });

  for (const [args, message] of [
    [['no-such-directory'], /cannot serve no-such-directory: No such file or directory/],
    [['--host', 'no.such.host.invalid', '.'], /cannot listen on no\.such\.host\.invalid:8000/],
    [['--mount', 'nonsense', '.'], /--mount takes \/prefix=DIR, not 'nonsense'/],
    [['--mount', 'data=.', '.'], /mount prefix 'data' must start with '\/'/],
    [['--mount', '/a=.', '--mount', '/a/=.', '.'], /two directories are mounted at '\/a\/'/],
    [['--port', '65536', '.'], /--port/],
    [['--no-such-option'], /--no-such-option/],
  ]) {
    test(`refuses ${args.join(' ')}`, async () => {
      const { code, stderr } = await runToEnd(SERVER, args);
      assert.notEqual(code, 0);
      assert.match(stderr, message);
    });
  }

  for (const signal of ['SIGINT', 'SIGTERM']) {
    test(`${signal} ends it cleanly, with a connection kept alive`, async () => {
      const agent = new Agent({ keepAlive: true });
      const own = await startServer(SERVER, ['--port', '0', site]);
      await ask(own.port, '/digits.txt', { agent });
      assert.deepEqual(await own.stop(signal), { code: 0, signal: null });
      agent.destroy();
      await assert.rejects(ask(own.port, '/digits.txt'), { code: 'ECONNREFUSED' });
    });
  }

  test('a signal right at the start is not lost', async () => {
    for (let round = 0; round < 10; round += 1) {
      const own = await startServer(SERVER, ['--port', '0', site]);
      assert.deepEqual(await own.stop('SIGINT'), { code: 0, signal: null });
    }
  });
});
