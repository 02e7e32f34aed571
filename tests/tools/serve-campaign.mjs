// What a development server is pestered with while a probe asks it for a file: hostile requests,
// idle connections, and clients that read or write slowly.

import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { RawConnection } from './raw-http.mjs';
import { ask } from './server-process.mjs';

const HOST = 'Host: localhost\r\n';
// A slow client reads a little, or sends a byte, this often.
const SLOW_MS = 200;

/** Requests that are too large, malformed, ambiguous, or ask for what they should not get. */
export function hostileRequests() {
  const get = (fields, target = '/') => `GET ${target} HTTP/1.1\r\n${HOST}${fields}\r\n`;
  const smuggled = get('', '/smuggled');
  return [
    ...['/../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/..%2fetc/passwd', '//etc/passwd'],
    ...['/%00', '/%zz', '/%', '/.env', '/.git/config', '/server.key', '/%2eenv', '/.%65nv'],
    ...['/\\..\\..\\etc\\passwd', '/%252e%252e/', `/${'a'.repeat(9000)}`, `/${'../'.repeat(2000)}`],
    ...[`/${'%2e%2e/'.repeat(1000)}`, `/${'a/'.repeat(3900)}`, '*', 'x', '/#', 'http://', '/?'],
  ]
    .map((target) => get('Connection: close\r\n', target))
    .concat(
      [
        'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
        'Content-Length: 0\r\nContent-Length: 99\r\n',
        'Content-Length: 99999999999999999999\r\n',
        'Content-Length: 4294967296\r\n',
        'Content-Length: -1\r\n',
        'Content-Length : 5\r\n',
        'Transfer-Encoding: chunked\r\n',
        'Transfer-Encoding: xchunked\r\n',
        'Transfer-Encoding: gzip, chunked\r\n',
        'X: a\r\n b\r\n',
        'X: a\nContent-Length: 9\r\n',
        'X: a\rContent-Length: 9\r\n',
        'X: a\0b\r\n',
        ': x\r\n',
        'nonsense\r\n',
        'Host: evil.example\r\n',
        'Expect: 100-continue\r\nContent-Length: 9\r\n',
        'Upgrade: websocket\r\nConnection: Upgrade\r\n',
        'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n',
        'X: y\r\n'.repeat(500),
        `X: ${'y'.repeat(40_000)}\r\n`,
        `Cookie: ${'a=b; '.repeat(6000)}\r\n`,
        `Range: bytes=${'0-1,'.repeat(2000)}0-1\r\n`,
        `Range: bytes=${'9'.repeat(8000)}\r\n`,
        'Range: bytes=-99999999999999999999\r\n',
        'Range: bytes=18446744073709551615-\r\n',
        `If-None-Match: ${'"x",'.repeat(4000)}"x"\r\n`,
        `If-None-Match: ${','.repeat(16_000)}\r\n`,
      ].map((fields) => get(fields) + smuggled),
    )
    .concat([
      `POST / HTTP/1.1\r\n${HOST}Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n${smuggled}`,
      `POST / HTTP/1.1\r\n${HOST}Content-Length: 9999999\r\n\r\n${'x'.repeat(500_000)}`,
      'GET /\r\n\r\n',
      'GET / HTTP/1.1\n\n',
      'GET / HTTP/9.9\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\r\n'.repeat(5000),
      '\0'.repeat(5000),
      'A'.repeat(100_000),
      `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(50_000)}`,
      `GET / HTTP/1.1\r\nX: ${'y'.repeat(500_000)}`,
      Buffer.from('16030100f8010000f40303', 'hex'),
      Buffer.from(Array.from({ length: 4000 }, (_, index) => (index * 151) % 256)),
      get('').repeat(200),
    ]);
}

async function residentMiB(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
}

/**
 * Pesters the server at `port` for `ms`, and asks for the file `probe` all the while.
 * @returns {Promise<{probes: number, worstProbeMs: number, failures: string[], grownMiB: number,
 *   hostile: number}>} grownMiB: how much larger the process `pid` is afterwards
 */
export async function pestered({ port, pid, probe, slow, requests, idle, slowReaders, ms }) {
  await ask(port, probe);
  const before = pid ? await residentMiB(pid) : 0;
  const open = [];
  const connect = (bytes = '') => {
    const connection = new RawConnection(port).send(bytes);
    open.push(connection);
    return connection;
  };
  const result = { probes: 0, worstProbeMs: 0, failures: [], hostile: 0, grownMiB: 0 };
  let running = true;

  // Over and over, each on a connection of its own.
  async function sendHostile() {
    for (let index = 0; running; index += 1) {
      const connection = new RawConnection(port);
      connection.send(requests[index % requests.length]);
      await connection.until(({ ended, bytes }) => ended || bytes.length > 0, 100);
      if (/root:x:0|SMUGGLED/.test(connection.text)) result.failures.push(connection.text);
      connection.close();
      result.hostile += 1;
    }
  }

  // Takes what one event gives, five times a second.
  async function readSlowly() {
    const connection = connect(`GET ${slow} HTTP/1.1\r\n${HOST}\r\n`);
    while (running) {
      connection.pause();
      await delay(SLOW_MS);
      connection.resume();
      await new Promise(setImmediate);
    }
  }

  async function writeSlowly() {
    const connection = connect('GET ');
    while (running) {
      await delay(SLOW_MS);
      connection.send('/');
    }
  }

  const jobs = [sendHostile(), sendHostile()];
  // On a thread of its own, or it would wait for its own pestering.
  const prober = new Worker(new URL('serve-probe.mjs', import.meta.url), {
    workerData: { port, probe },
  });
  for (let index = 0; index < idle; index += 1) connect();
  for (let index = 0; index < slowReaders; index += 1) {
    jobs.push(index % 4 === 3 ? writeSlowly() : readSlowly());
  }
  await delay(ms);
  running = false;
  prober.postMessage('end');
  const [seen] = await once(prober, 'message');
  await Promise.all(jobs);
  Object.assign(result, { ...seen, failures: [...result.failures, ...seen.failures] });
  for (const connection of open) connection.close();
  await delay(200);
  await ask(port, probe);
  if (pid) result.grownMiB = Math.round((await residentMiB(pid)) - before);
  return result;
}
