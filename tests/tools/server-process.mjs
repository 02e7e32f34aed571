// A server under test: started as a process, asked over plain HTTP, stopped by a signal.

import { spawn } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** SAHPOOL_SERVER: another build of the development server. */
export const SERVER = process.env.SAHPOOL_SERVER ?? join(ROOT, 'build/native/bin/sahpool-serve');

const START_MS = 10_000;
const STOP_MS = 10_000;

/** Runs a command to its end. */
export function runToEnd(command, args, options = {}) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => (stdout += data));
  child.stderr.on('data', (data) => (stderr += data));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Starts a server that prints "Listening on URL" and gives the URL's port. */
export async function startServer(command, args, options = {}) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const line = await new Promise((resolve, reject) => {
    let text = '';
    const fail = (reason) => {
      child.kill('SIGKILL');
      reject(new Error(`${command} ${reason}; it printed: ${text}`));
    };
    const timer = setTimeout(() => fail('did not start'), START_MS);
    child.once('error', reject);
    child.once('close', () => fail('ended'));
    child.stdout.on('data', (data) => {
      text += data;
      if (!text.includes('\n')) return;
      clearTimeout(timer);
      resolve(text.split('\n')[0]);
    });
  });
  const port = Number(/^Listening on http:\/\/localhost:(\d+)\/$/.exec(line)?.[1]);
  return {
    line,
    port,
    pid: child.pid,
    /** Sends the signal and resolves to {code, signal} of the process. */
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      return ended.finally(() => clearTimeout(timer));
    },
  };
}

/** One request, answered within `ms`. `path` is sent as it is, with its dots and escapes. */
export function ask(port, path, { method = 'GET', headers = {}, agent, ms = 10_000 } = {}) {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, path, method, headers, agent },
      (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode,
            headers: response.headers,
            body: Buffer.concat(parts),
          }),
        );
      },
    );
    request.on('error', reject);
    const timer = setTimeout(() => request.destroy(new Error(`${path}: no answer`)), ms);
    request.on('close', () => clearTimeout(timer));
    request.end();
  });
}
