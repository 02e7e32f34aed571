// Requests as bytes on a connection, for what no HTTP client would send or do.

import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A connection on which all that arrives is collected. */
export class RawConnection {
  #socket;
  #parts = [];
  #arrived = [];

  constructor(port) {
    this.ended = false;
    this.#socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    this.opened = new Promise((resolve, reject) => {
      this.#socket.once('connect', resolve);
      this.#socket.once('error', reject);
    });
    this.opened.catch(() => {});
    this.#socket.on('error', () => {});
    this.#socket.on('data', (data) => {
      this.#parts.push(data);
      this.#notify();
    });
    // Whether by an end or by a reset.
    for (const event of ['end', 'close']) {
      this.#socket.on(event, () => {
        this.ended = true;
        this.#notify();
      });
    }
  }

  get bytes() {
    return Buffer.concat(this.#parts);
  }

  get text() {
    return this.bytes.toString('latin1');
  }

  send(bytes) {
    this.#socket.write(bytes);
    return this;
  }

  /** Stops taking what arrives, until resume(). */
  pause() {
    this.#socket.pause();
  }

  resume() {
    this.#socket.resume();
  }

  /** Resolves to true once `condition` of this holds, to false after `ms`. */
  async until(condition, ms = 5000) {
    const end = performance.now() + ms;
    while (!condition(this)) {
      const left = end - performance.now();
      if (left <= 0) return false;
      await Promise.race([new Promise((resolve) => this.#arrived.push(resolve)), delay(left)]);
    }
    return true;
  }

  close() {
    this.#socket.destroy();
  }

  #notify() {
    for (const resolve of this.#arrived.splice(0)) resolve();
  }
}

/** The answers in `text`, each with a Content-Length or without a body. */
export function parseAnswers(text) {
  const answers = [];
  for (let rest = text; rest.startsWith('HTTP/1.');) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    const [start, ...lines] = rest.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [line.split(':', 1)[0].toLowerCase(), line.split(': ')[1]]),
    );
    const length = Number(headers['content-length'] ?? 0);
    const body = rest.slice(end + 4, end + 4 + length);
    answers.push({ status: Number(start.split(' ')[1]), headers, body });
    rest = rest.slice(end + 4 + length);
  }
  return answers;
}

/** Sends bytes, waits until the server has ended the connection, and gives its answers. */
export async function exchange(port, bytes, { ms = 3000 } = {}) {
  const connection = new RawConnection(port);
  try {
    connection.send(bytes);
    const ended = await connection.until(() => connection.ended, ms);
    return { ended, text: connection.text, answers: parseAnswers(connection.text) };
  } finally {
    connection.close();
  }
}
