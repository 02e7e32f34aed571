// serve.py, as a command and as a module.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ROOT, ask, runToEnd, startServer } from './server-process.mjs';

const TOOLS = join(ROOT, 'tools');
const SCRIPT = join(TOOLS, 'serve.py');

const TYPES = {
  'a.js': 'text/javascript; charset=utf-8',
  'a.mjs': 'text/javascript; charset=utf-8',
  'a.wasm': 'application/wasm',
  'a.json': 'application/json',
  'a.html': 'text/html; charset=utf-8',
  'a.css': 'text/css; charset=utf-8',
  'a.svg': 'image/svg+xml',
  'a.db': 'application/vnd.sqlite3',
};

let folder;
let site;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sahpool-serve-py-'));
  site = join(folder, 'site');
  await mkdir(site);
  await mkdir(join(site, 'fifo-index'));
  await mkdir(join(site, 'leak-index'));
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await writeFile(join(folder, 'site-secret.txt'), 'secret');
  await symlink(join(folder, 'secret.txt'), join(site, 'leak.txt'));
  await symlink(folder, join(site, 'leak'));
  await symlink('../../site-secret.txt', join(site, 'leak-index/index.html'));
  await symlink('/dev/zero', join(site, 'zero'));
  await symlink('a.js', join(site, 'link.js'));
  execFileSync('mkfifo', [join(site, 'fifo'), join(site, 'fifo-index/index.htm')]);
  await Promise.all(Object.keys(TYPES).map((name) => writeFile(join(site, name), name)));
});

after(() => rm(folder, { recursive: true, force: true }));

function assertIsolated(headers) {
  assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
  assert.equal(headers['cross-origin-embedder-policy'], 'require-corp');
  assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
  assert.equal(headers['cache-control'], 'no-store');
}

async function assertServesSite(port) {
  for (const [name, type] of Object.entries(TYPES)) {
    const { status, headers, body } = await ask(port, `/${name}`);
    assert.equal(status, 200, name);
    assert.equal(headers['content-type'], type);
    assert.equal(body.toString(), name);
    assertIsolated(headers);
  }
  const missing = await ask(port, '/missing');
  assert.equal(missing.status, 404);
  assertIsolated(missing.headers);
  for (const path of ['/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt']) {
    assert.equal((await ask(port, path)).status, 404, path);
  }
}

async function assertKeepsInside(port) {
  for (const path of [
    ...['/leak.txt', '/leak/secret.txt', '/leak/', '/leak', '/leak-index/', '/zero'],
    ...['/fifo', '/fifo-index/', '/a.js%00'],
  ]) {
    const { status, headers, body } = await ask(port, path, { ms: 2000 });
    assert.equal(status, 403, path);
    assert.ok(!body.includes('secret'), path);
    assertIsolated(headers);
  }
  assert.equal((await ask(port, '/link.js')).body.toString(), 'a.js', 'links inside are followed');
}

describe('as a command', () => {
  test('serves a directory on the port that it prints', async () => {
    const server = await startServer('python3', [SCRIPT, '0', site]);
    try {
      assert.ok(server.port > 0);
      await assertServesSite(server.port);
      await assertKeepsInside(server.port);
      const head = await ask(server.port, '/a.js', { method: 'HEAD' });
      assert.equal(head.status, 200);
      assert.equal(head.headers['content-length'], '4');
      assert.equal(head.body.length, 0);
    } finally {
      await server.stop();
    }
  });

  test('serves the current directory by default', async () => {
    const server = await startServer('python3', [SCRIPT, '0'], { cwd: site });
    try {
      assert.equal((await ask(server.port, '/a.js')).body.toString(), 'a.js');
    } finally {
      await server.stop();
    }
  });

  test('a port in use is a clear error', async () => {
    const server = await startServer('python3', [SCRIPT, '0', site]);
    try {
      const second = await runToEnd('python3', [SCRIPT, `${server.port}`, site]);
      assert.equal(second.code, 1);
      assert.equal(
        second.stderr,
        `serve.py: cannot listen on localhost:${server.port}: Address already in use\n`,
      );
    } finally {
      await server.stop();
    }
  });

  test('a directory that is not there is a clear error', async () => {
    const { code, stderr } = await runToEnd('python3', [SCRIPT, '0', join(site, 'missing')]);
    assert.equal(code, 1);
    assert.match(stderr, /^serve\.py: cannot serve .*missing: not a directory\n$/);
  });

  for (const signal of ['SIGINT', 'SIGTERM']) {
    test(`${signal} ends it cleanly`, async () => {
      const server = await startServer('python3', [SCRIPT, '0', site]);
      assert.deepEqual(await server.stop(signal), { code: 0, signal: null });
    });
  }
});

test('as a module, its handler goes into a plain HTTPServer', async () => {
  const program = [
    'from http.server import HTTPServer',
    'from serve import COOPCOEPHandler',
    "server = HTTPServer(('localhost', 0), COOPCOEPHandler)",
    "print(f'Listening on http://localhost:{server.server_port}/', flush=True)",
    'server.serve_forever()',
  ].join('\n');
  const server = await startServer('python3', ['-c', program], {
    cwd: site,
    env: { ...process.env, PYTHONPATH: TOOLS, PYTHONDONTWRITEBYTECODE: '1' },
  });
  try {
    await assertServesSite(server.port);
    await assertKeepsInside(server.port);
  } finally {
    await server.stop('SIGKILL');
  }
});
