// Commands that a test runs to their end, and servers that it starts from other packages.
import { execFile, spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { killTree, trackProcess } from './processes.mjs';

/** Runs a command and resolves to its output; its status must be 0, within `timeout` ms. */
export function runCommand(command, words, directory, { timeout = 120_000 } = {}) {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      words,
      { cwd: directory, timeout, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        if (error) reject(new Error(`${error.message}\n${stdout}\n${stderr}`));
        else resolve(stdout);
      },
    );
    if (child.pid !== undefined) trackProcess(child.pid);
  });
}

/**
 * Starts a server that prints its address, as a URL with a port.
 * @returns {Promise<{origin: string, close: () => Promise<void>}>}
 */
export async function startServerCommand(command, words, directory) {
  const child = spawn(command, words, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  if (child.pid !== undefined) trackProcess(child.pid);
  try {
    const port = await readPort(command, child);
    return { origin: `http://localhost:${port}`, close: () => killTree(child.pid) };
  } catch (error) {
    // A server left running would keep the test's own process from ending.
    if (child.pid !== undefined) await killTree(child.pid);
    throw error;
  }
}

/** The port in the first address that a server prints, which may be coloured: CI=true does that. */
function readPort(command, child) {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (why) => reject(new Error(`${command} ${why}: ${output}`));
    const timer = setTimeout(() => fail('printed no address within 30 s'), 30_000);
    const read = (chunk) => {
      output += chunk;
      const address = /http:\/\/[^/\s]+?:(\d+)\//.exec(stripVTControlCharacters(output));
      if (!address) return;
      clearTimeout(timer);
      resolve(address[1]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    child.once('exit', () => fail('ended at once'));
  });
}
