// The development server and requests that are not what they seem: bodies that hold requests,
// framing on which two programs could disagree, foreign hosts, and heads without end.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RawConnection, exchange, parseAnswers } from './raw-http.mjs';
import { SERVER, ask, runToEnd, startServer } from './server-process.mjs';

const HOST = 'Host: localhost\r\n';
const SMUGGLED = `GET /smuggled.txt HTTP/1.1\r\n${HOST}\r\n`;

let site;
let server;

before(async () => {
  site = await mkdtemp(join(tmpdir(), 'sahpool-serve-requests-'));
  await writeFile(join(site, 'a.txt'), 'A');
  await writeFile(join(site, 'smuggled.txt'), 'SMUGGLED');
  server = await startServer(SERVER, ['--port=0', site]);
});

after(async () => {
  await server?.stop();
  await rm(site, { recursive: true, force: true });
});

const send = (bytes, options) => exchange(server.port, bytes, options);

async function assertRefused(bytes, ...statuses) {
  const { ended, text, answers } = await send(bytes);
  assert.ok(!text.includes('SMUGGLED'), 'a body is not a request');
  assert.equal(answers.length, 1, text);
  assert.ok(statuses.includes(answers[0].status), `${answers[0].status}`);
  assert.ok(ended, 'the connection ends');
  assert.equal(answers[0].headers['cross-origin-resource-policy'], 'same-origin');
  assert.equal(answers[0].headers['cross-origin-embedder-policy'], 'require-corp');
}

describe('a body is never the next request', () => {
  for (const method of ['POST', 'PUT', 'OPTIONS', 'PATCH', 'FOO']) {
    test(`of ${method}`, () =>
      assertRefused(
        `${method} /a.txt HTTP/1.1\r\n${HOST}Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
        405,
      ));
  }
  for (const method of ['GET', 'HEAD', 'DELETE']) {
    test(`of ${method}`, () =>
      assertRefused(
        `${method} /a.txt HTTP/1.1\r\n${HOST}Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
        400,
        405,
      ));
  }

  test('that is sent in chunks', () =>
    assertRefused(
      `POST /a.txt HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n` +
        `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
      405,
    ));

  test('that the client waits to send', () =>
    assertRefused(
      `POST /a.txt HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 9\r\n\r\n`,
      405,
    ));

  test('that comes later', async () => {
    const connection = new RawConnection(server.port);
    try {
      connection.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: ${SMUGGLED.length}\r\n\r\n`);
      assert.ok(await connection.until(({ text }) => text.includes(' 405 ')));
      connection.send(SMUGGLED);
      assert.ok(await connection.until(({ ended }) => ended));
      assert.ok(!connection.text.includes('SMUGGLED'));
    } finally {
      connection.close();
    }
  });

  test('of a megabyte, whose sender gets the answer', async () => {
    const { ended, answers } = await send(
      `POST / HTTP/1.1\r\n${HOST}Content-Length: 1000000\r\n\r\n${'x'.repeat(1_000_000)}`,
    );
    assert.ok(ended);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [405],
    );
  });

  test('an empty one keeps the connection', async () => {
    const { answers } = await send(
      `POST / HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n` +
        `GET /a.txt HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
    );
    assert.deepEqual(
      answers.map(({ status }) => status),
      [405, 200],
    );
  });
});

describe('refuses what two programs could read differently', () => {
  const get = (fields) => `GET /a.txt HTTP/1.1\r\n${HOST}${fields}\r\n`;
  for (const [name, bytes, ...statuses] of [
    [
      'a length beside an encoding',
      `${get('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n')}0\r\n\r\n${SMUGGLED}`,
      400,
    ],
    [
      'an encoding beside a length',
      `${get('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n')}0\r\n\r\n${SMUGGLED}`,
      400,
    ],
    ['two lengths', get('Content-Length: 0\r\nContent-Length: 90\r\n') + SMUGGLED, 400],
    ['the same length twice', get('Content-Length: 0\r\nContent-Length: 0\r\n'), 400],
    ['a list of lengths', get('Content-Length: 0, 0\r\n'), 400],
    ['a length with a sign', get('Content-Length: +0\r\n'), 400],
    ['a negative length', get('Content-Length: -1\r\n'), 400],
    ['a hexadecimal length', get('Content-Length: 0x10\r\n'), 400],
    ['a length beyond all numbers', get('Content-Length: 99999999999999999999999\r\n'), 400],
    ['no length at all', get('Content-Length:\r\n'), 400],
    ['a space before the colon', get('Content-Length : 5\r\n') + SMUGGLED, 400],
    ['two encodings', get('Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n'), 400],
    ['an unknown encoding', get('Transfer-Encoding: xchunked\r\n'), 400, 501],
    ['a list of encodings', get('Transfer-Encoding: gzip, chunked\r\n'), 400, 501],
    ['an encoding in HTTP/1.0', 'GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
    [
      'a chunk beyond all numbers',
      `${get('Transfer-Encoding: chunked\r\n')}fffffffffffffffff1\r\n${SMUGGLED}`,
      400,
    ],
    ['lines that end in LF', 'GET /a.txt HTTP/1.1\nHost: localhost\n\n', 400],
    ['one line that ends in LF', 'GET /a.txt HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n', 400],
    ['a CR within a line', get('X: a\rContent-Length: 5\r\n'), 400],
    ['a continued line', get('X: a\r\n Content-Length: 5\r\n'), 400],
    ['a continued line, by a tab', get('X: a\r\n\tb\r\n'), 400],
    ['a NUL in a header', get('X: a\0b\r\n'), 400],
    ['a header without a name', get(': x\r\n'), 400],
    ['a header without a colon', get('nonsense\r\n'), 400],
    ['a method with a space', 'G ET / HTTP/1.1\r\n\r\n', 400, 505],
    ['HTTP/0.9', 'GET /a.txt\r\n\r\n', 400, 505],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 505],
    ['TLS', Buffer.from('16030100f8010000f40303', 'hex'), 400],
    ['a fragment', `GET /a.txt#x HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a path that is no path', `GET a.txt HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['two hosts', `GET /a.txt HTTP/1.1\r\n${HOST}Host: 127.0.0.1\r\n\r\n`, 400],
    ['no host', 'GET /a.txt HTTP/1.1\r\n\r\n', 400],
  ]) {
    test(name, async () => {
      const { ended, text, answers } = await send(bytes);
      assert.ok(!text.includes('SMUGGLED'));
      assert.equal(answers.length, 1, text);
      assert.ok(statuses.includes(answers[0].status), `${answers[0].status}`);
      assert.ok(ended, 'the connection ends');
    });
  }
});

describe('hosts', () => {
  const statusFor = async (host, options) =>
    (await ask(options?.port ?? server.port, '/a.txt', { headers: { host } })).status;

  for (const host of [
    'localhost',
    'localhost:1234',
    'LOCALHOST',
    'app.localhost',
    '127.0.0.1',
    '127.0.0.1:80',
    '192.168.1.2:8000',
    '[::1]:8000',
    '[::1]',
  ]) {
    test(`${host} is served`, async () => assert.equal(await statusFor(host), 200));
  }

  for (const host of [
    'evil.example',
    'evil.example:8000',
    'localhost.evil.example',
    'evillocalhost',
    '127.0.0.1.evil.example',
    'localhost:80@evil.example',
    'user@localhost',
    '[evil.example]',
    '[::1',
    '::1',
    'localhost:evil',
    '.localhost.',
  ]) {
    test(`${host} is refused`, async () => {
      const { status, headers, body } = await ask(server.port, '/a.txt', { headers: { host } });
      assert.equal(status, 403);
      assert.ok(!body.includes('A\n') && !body.equals(Buffer.from('A')));
      assert.equal(headers['cross-origin-embedder-policy'], 'require-corp');
    });
  }

  test('the one in the target counts', async () => {
    const to = async (target) => {
      const { answers } = await send(`GET ${target} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
      return answers[0].status;
    };
    assert.equal(await to('http://evil.example/a.txt'), 403);
    assert.equal(await to('http://localhost/a.txt'), 200);
    assert.equal(await to('http:///a.txt'), 400);
  });

  test('HTTP/1.0 needs none', async () => {
    const { answers } = await send('GET /a.txt HTTP/1.0\r\n\r\n');
    assert.equal(answers[0].body, 'A');
  });

  test('--allow-host adds a name, or all below one', async () => {
    const own = await startServer(SERVER, [
      ...['--port', '0', '--allow-host', 'my.example', '--allow-host', '.test'],
      site,
    ]);
    try {
      for (const [host, status] of [
        ['my.example', 200],
        ['My.Example:80', 200],
        ['a.my.example', 403],
        ['a.b.test', 200],
        ['test', 200],
        ['contest', 403],
        ['localhost', 200],
        ['evil.example', 403],
      ]) {
        assert.equal(await statusFor(host, own), status, host);
      }
    } finally {
      await own.stop();
    }
  });

  test('--help names it', async () => {
    assert.match((await runToEnd(SERVER, ['--help'])).stdout, /--allow-host NAME/);
  });
});

describe('limits', () => {
  const head = (fields) => `GET /a.txt HTTP/1.1\r\n${HOST}${fields}\r\n`;

  for (const [name, bytes, ...statuses] of [
    ['a URI of 10 KB', `GET /${'a'.repeat(10_000)} HTTP/1.1\r\n${HOST}\r\n`, 414],
    ['a URI without end', `GET /${'a'.repeat(1_000_000)}`, 414],
    ['a header of 20 KB', head(`X: ${'a'.repeat(20_000)}\r\n`), 431],
    ['a header without end', `GET / HTTP/1.1\r\nX: ${'a'.repeat(1_000_000)}`, 431],
    ['200 headers', head('X: y\r\n'.repeat(200)), 431],
    ['headers without end', `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(1_000_000)}`, 431],
    ['40 KB of headers', head(`X: ${'a'.repeat(10_000)}\r\n`.repeat(4)), 431],
    ['a method without end', 'A'.repeat(1_000_000), 414],
  ]) {
    test(`${name}: ${statuses}`, () => assertRefused(bytes, ...statuses));
  }

  test('cookies of 12 KB and 90 headers are no harm', async () => {
    const { answers } = await send(
      head(`Cookie: ${'a'.repeat(12_000)}\r\n${'X: y\r\n'.repeat(88)}Connection: close\r\n`),
    );
    assert.equal(answers[0].body, 'A');
  });
});

describe('requests in one packet', () => {
  test('are answered in their order', async () => {
    const paths = ['/a.txt', '/missing', '/smuggled.txt'];
    const connection = new RawConnection(server.port);
    try {
      connection.send(paths.map((path) => `GET ${path} HTTP/1.1\r\n${HOST}\r\n`).join(''));
      assert.ok(await connection.until(({ text }) => parseAnswers(text).length === 3));
      assert.deepEqual(
        parseAnswers(connection.text).map(({ body }) => body),
        ['A', 'Not found\n', 'SMUGGLED'],
      );
      assert.ok(!connection.ended, 'the connection stays');
    } finally {
      connection.close();
    }
  });

  test('a thousand, with HEAD between them', async () => {
    const { answers } = await send(
      `GET /a.txt HTTP/1.1\r\n${HOST}\r\n`.repeat(1000) +
        `GET /smuggled.txt HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
    );
    assert.equal(answers.length, 1001);
    assert.equal(answers.at(-1).body, 'SMUGGLED');
  });

  test('a request in single bytes', async () => {
    const connection = new RawConnection(server.port);
    try {
      for (const byte of `GET /a.txt HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`) {
        connection.send(byte);
        await new Promise(setImmediate);
      }
      assert.ok(await connection.until(({ ended }) => ended));
      assert.equal(parseAnswers(connection.text)[0].body, 'A');
    } finally {
      connection.close();
    }
  });
});

test('HTTP/1.0 keeps a connection only if asked to', async () => {
  const { ended, answers } = await send(
    'GET /a.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /a.txt HTTP/1.0\r\n\r\n',
  );
  assert.ok(ended);
  assert.equal(answers.length, 2);
  assert.equal(answers[0].headers.connection, 'keep-alive');
  assert.equal(answers[1].headers.connection, 'close');
});
