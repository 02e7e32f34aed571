// The tool sahpool under test, run as a process, and pools for it to look into.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../browser/support/files.mjs';
import { runSql } from './profiles.mjs';
import { ROOT, runToEnd } from './server-process.mjs';

/** SAHPOOL_TOOL: another build of it, such as one with sanitizers. */
export const TOOL = process.env.SAHPOOL_TOOL ?? join(ROOT, 'build/native/bin/sahpool');

export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  inUse: 4,
  damaged: 5,
  exists: 6,
};

/** Runs the tool and resolves to {code, stdout, stderr}. */
export function sahpool(...words) {
  return runToEnd(TOOL, words.map(String));
}

/** Runs the tool, which must succeed, and resolves to its output. */
export async function output(...words) {
  const { code, stdout, stderr } = await sahpool(...words);
  if (code !== 0)
    throw new Error(`sahpool ${words.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}

export async function json(...words) {
  return JSON.parse(await output(...words, '--json'));
}

/** Unpacks a fixture: its folder of slots, and what it holds. */
export function unpackFixture(name) {
  const folder = temporaryDirectory('tool');
  const stem = join(ROOT, 'tests/fixtures', `official-${name}`);
  execFileSync('tar', ['-xzf', `${stem}.tar.gz`, '-C', folder, '--strip-components=1']);
  return { folder, expected: JSON.parse(readFileSync(`${stem}.json`, 'utf8')) };
}

/** What a tree of files is: every name, kind, size, time of change and content. */
export function fingerprint(root) {
  const hash = createHash('sha256');
  const visit = (path) => {
    const info = lstatSync(path);
    hash.update(`${path}\0${info.mode}\0${info.mtimeMs}\0`);
    if (info.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
    if (info.isSymbolicLink()) hash.update(readlinkSync(path));
    if (info.isFile()) hash.update(readFileSync(path));
  };
  visit(root);
  return hash.digest('hex');
}

// Far more than the tool takes, with sanitizers and in a full machine.
const PATIENCE_MS = 20_000;

/** The tool, which must come to an end by itself. */
export async function ended(...words) {
  const result = await runToEnd(TOOL, words.map(String), {
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  });
  assert.equal(result.signal, null, `sahpool ${words.join(' ')} did not end`);
  assert.ok(result.code <= 6, result.stderr);
  return result;
}

/** The same through a shell, in which `prepare` runs first. */
export async function endedAfter(prepare, ...words) {
  return runToEnd('bash', ['-c', `${prepare}; exec "$0" "$@"`, TOOL, ...words.map(String)], {
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  });
}

export async function endedJson(...words) {
  const { stdout } = await ended(...words, '--json');
  return JSON.parse(stdout);
}

/** A pool in a directory with `.opaque`, of a fixture's slots. */
export function makeOpaque(fixture = 'v2-small') {
  const { folder } = unpackFixture(fixture);
  const pool = temporaryDirectory('tool');
  renameSync(folder, join(pool, '.opaque'));
  mkdirSync(folder);
  return { pool, slots: join(pool, '.opaque') };
}

/** A database file of one row. */
export function makeDatabase() {
  const file = join(temporaryDirectory('source'), 'in.db');
  runSql(file, ['CREATE TABLE t(x)', 'INSERT INTO t VALUES (1)']);
  return file;
}
