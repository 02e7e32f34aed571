// The first example for the tool, as it stands in the README.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../browser/support/files.mjs';
import { ROOT } from './server-process.mjs';
import { TOOL } from './tool.mjs';

const MAKE_NOTES = `
import sqlite3
with sqlite3.connect("notes.db") as db:
  db.executescript("CREATE TABLE note(text); INSERT INTO note VALUES ('Hello')")`;

test('the example of the README runs', () => {
  const [, section] = readFileSync(join(ROOT, 'README.md'), 'utf8').split('## A tool for pools\n');
  const [, script] = /```sh\n(.*?)```/s.exec(section);
  const cwd = temporaryDirectory('readme');
  execFileSync('python3', ['-c', MAKE_NOTES], { cwd });
  const env = { ...process.env, PATH: dirname(TOOL) + delimiter + process.env.PATH };
  const shown = execFileSync('bash', ['-euc', script], { cwd, env, encoding: 'utf8' });
  assert.match(shown, /named +database +\d+ +\S+ +\/notes\.db\nHello\n/);
  for (const file of ['copy.db', 'saved/notes.db']) assert.ok(existsSync(join(cwd, file)), file);
});
