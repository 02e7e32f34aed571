// The development server and many or slow clients, few descriptors, little stack, and its end.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { RawConnection, parseAnswers } from './raw-http.mjs';
import { hostileRequests, pestered } from './serve-campaign.mjs';
import { SERVER, ask, startServer } from './server-process.mjs';

const GET = 'GET /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n';

let site;
let large;
let server;

before(async () => {
  site = await mkdtemp(join(tmpdir(), 'sahpool-serve-load-'));
  large = randomBytes(30_000_000);
  await writeFile(join(site, 'a.txt'), 'A');
  await writeFile(join(site, 'large.db'), large);
  server = await startServer(SERVER, ['--port=0', site]);
});

after(async () => {
  await server?.stop();
  await rm(site, { recursive: true, force: true });
});

/** The server under a shell's limits, as "ulimit -n 40" sets them. */
const startLimited = (limits, ...redirections) =>
  startServer('bash', [
    '-c',
    `${limits}; exec "$0" --port 0 "$1" ${redirections.join(' ')}`,
    SERVER,
    site,
  ]);

async function connections(port, count, bytes = '') {
  const all = Array.from({ length: count }, () => new RawConnection(port).send(bytes));
  await Promise.all(all.map(({ opened }) => opened.catch(() => {})));
  return all;
}

const closeAll = (all) => all.forEach((connection) => connection.close());

async function timeOfProbe(port) {
  const start = performance.now();
  // On a connection of its own: a kept one may have made room meanwhile.
  assert.equal((await ask(port, '/a.txt', { agent: false })).body.toString(), 'A');
  return performance.now() - start;
}

/**
 * The shortest of some attempts, of which `once` measures one, in milliseconds: what else the machine
 * does can make one of them long, and a server that holds its clients up makes all of them so.
 */
async function quickest(limit, once) {
  let shortest = Infinity;
  for (let attempt = 0; attempt < 4 && shortest >= limit; attempt += 1) {
    shortest = Math.min(shortest, await once());
  }
  return shortest;
}

test('a client that pauses for six seconds gets its whole file', async () => {
  const connection = new RawConnection(server.port);
  connection.send('GET /large.db HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  assert.ok(await connection.until(({ bytes }) => bytes.length > 0));
  connection.pause();
  await delay(6000);
  connection.resume();
  assert.ok(await connection.until(({ ended }) => ended));
  const body = connection.bytes.subarray(connection.bytes.indexOf('\r\n\r\n') + 4);
  connection.close();
  assert.equal(body.length, large.length);
  const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
  assert.equal(digest(body), digest(large));
});

test('hostile, idle and slow clients hold nobody up, and cost no memory', async () => {
  const requests = hostileRequests();
  assert.ok(requests.length >= 60);
  const options = { port: server.port, pid: server.pid, probe: '/a.txt', slow: '/large.db' };
  const waited = await quickest(1000, async () => {
    const { worstProbeMs, probes, failures, grownMiB } = await pestered({
      ...options,
      requests,
      idle: 1000,
      slowReaders: 200,
      ms: 3000,
    });
    assert.deepEqual(failures, []);
    assert.ok(probes > 5, `${probes} probes`);
    assert.ok(grownMiB < 64, `${grownMiB} MiB more`);
    return worstProbeMs;
  });
  assert.ok(waited < 1000, `a probe waited ${waited} ms`);
});

test('two hundred connections at once are accepted at once', async () => {
  const waited = await quickest(2000, async () => {
    const start = performance.now();
    const all = await connections(server.port, 200, GET);
    try {
      for (const connection of all) {
        assert.ok(await connection.until(({ text }) => text.endsWith('\r\n\r\nA')));
      }
      return performance.now() - start;
    } finally {
      closeAll(all);
    }
  });
  assert.ok(waited < 2000, `the last one waited ${waited} ms`);
});

test('a connection is kept for some seconds', async () => {
  const connection = new RawConnection(server.port);
  try {
    for (let round = 1; round <= 2; round += 1) {
      connection.send(GET);
      assert.ok(await connection.until(({ text }) => parseAnswers(text).length === round));
      if (round === 1) await delay(3000);
    }
    assert.match(parseAnswers(connection.text)[0].headers['keep-alive'], /^timeout=\d+$/);
  } finally {
    connection.close();
  }
});

test('three thousand requests over kept connections, none lost', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  try {
    const bodies = await Promise.all(
      Array.from({ length: 3000 }, async () => (await ask(server.port, '/a.txt', { agent })).body),
    );
    assert.ok(bodies.every((body) => body.toString() === 'A'));
  } finally {
    agent.destroy();
  }
});

describe('a file that shrinks while it is sent', () => {
  test('ends the connection', async () => {
    const path = join(site, 'shrinking.db');
    await writeFile(path, large);
    const connection = new RawConnection(server.port);
    try {
      connection.pause();
      connection.send('GET /shrinking.db HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await delay(500);
      await writeFile(path, 'short');
      connection.resume();
      assert.ok(await connection.until(({ ended }) => ended));
      assert.ok(connection.bytes.length < large.length);
    } finally {
      connection.close();
    }
  });
});

test('few descriptors: idle connections make room, and nothing spins', async () => {
  const own = await startLimited('ulimit -n 40');
  const idle = [];
  try {
    for (let round = 0; round < 4; round += 1) {
      idle.push(...(await connections(own.port, 50, round % 2 ? 'GET / HTT' : '')));
      assert.ok((await timeOfProbe(own.port)) < 1000);
    }
    const before = await processorMs(own.pid);
    await delay(1000);
    assert.ok((await processorMs(own.pid)) - before < 400, 'it does not spin');
    assert.deepEqual(await own.stop(), { code: 0, signal: null });
  } finally {
    closeAll(idle);
    await own.stop('SIGKILL');
  }
});

test('no descriptor to spare: it waits, and serves when one is free', async () => {
  // Less than what it counts on for itself, so that accepting and opening do fail.
  const own = await startLimited('ulimit -n 14');
  const idle = await connections(own.port, 30);
  try {
    for (let round = 0; round < 5; round += 1) assert.ok((await timeOfProbe(own.port)) < 1500);
    const before = await processorMs(own.pid);
    await delay(500);
    assert.ok((await processorMs(own.pid)) - before < 200, 'it does not spin');
  } finally {
    closeAll(idle);
    assert.deepEqual(await own.stop(), { code: 0, signal: null });
  }
});

async function processorMs(pid) {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

test('a Range of 8 KB where the stack is 4 MiB', async () => {
  const own = await startLimited('ulimit -s 4096');
  try {
    for (const range of [`bytes=${'0-1,'.repeat(2000)}0-1`, `bytes=${'9'.repeat(8000)}`]) {
      assert.equal((await ask(own.port, '/a.txt', { headers: { range } })).status, 200);
    }
    assert.equal((await ask(own.port, '/a.txt')).status, 200);
  } finally {
    assert.deepEqual(await own.stop(), { code: 0, signal: null });
  }
});

describe('standard streams', () => {
  test('closed at the start: nothing else gets their numbers', async () => {
    const own = await startLimited('true', '2>&- <&-');
    try {
      for (let round = 0; round < 3; round += 1) {
        assert.equal((await ask(own.port, '/a.txt')).status, 200);
      }
      for (const number of [0, 2]) {
        const { readlink } = await import('node:fs/promises');
        assert.equal(await readlink(`/proc/${own.pid}/fd/${number}`), '/dev/null');
      }
    } finally {
      assert.deepEqual(await own.stop(), { code: 0, signal: null });
    }
  });

  test('an output that nobody reads any more', async () => {
    const child = spawn(SERVER, ['--port', '0', site], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    child.stderr.destroy();
    const line = await new Promise((resolve) => child.stdout.once('data', resolve));
    child.stdout.destroy();
    const port = Number(/:(\d+)\//.exec(line)[1]);
    assert.equal((await ask(port, '/a.txt')).status, 200);
    child.kill('SIGTERM');
    assert.equal(await ended, 0);
  });
});

describe('the end', () => {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    test(`${signal} with connections in every state`, async () => {
      const own = await startServer(SERVER, ['--port', '0', site]);
      const all = [
        ...(await connections(own.port, 5)),
        ...(await connections(own.port, 5, 'GET /a.t')),
        ...(await connections(own.port, 5, GET)),
        ...(await connections(
          own.port,
          5,
          'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n',
        )),
      ];
      const reader = new RawConnection(own.port);
      reader.pause();
      reader.send('GET /large.db HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await delay(200);
      const start = performance.now();
      assert.deepEqual(await own.stop(signal), { code: 0, signal: null });
      assert.ok(performance.now() - start < 4000);
      closeAll([...all, reader]);
    });
  }

  test('an answer under way is finished', async () => {
    const own = await startServer(SERVER, ['--port', '0', site]);
    const reader = new RawConnection(own.port);
    reader.pause();
    reader.send('GET /large.db HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await delay(200);
    const stopped = own.stop();
    await delay(200);
    reader.resume();
    assert.deepEqual(await stopped, { code: 0, signal: null });
    assert.ok(await reader.until(({ ended }) => ended));
    assert.equal(parseAnswers(reader.text)[0].body.length, large.length);
    reader.close();
  });

  test('a second signal is obeyed at once', async () => {
    const own = await startServer(SERVER, ['--port', '0', site]);
    const reader = new RawConnection(own.port);
    reader.pause();
    reader.send('GET /large.db HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await delay(200);
    const start = performance.now();
    own.stop();
    await delay(200);
    assert.deepEqual(await own.stop(), { code: 0, signal: null });
    assert.ok(performance.now() - start < 1500);
    reader.close();
  });
});
