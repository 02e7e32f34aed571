// The pools in tests/fixtures/, as base64 of each slot file, and what opening them must show.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { removeTemporaryDirectory, repositoryRoot, temporaryDirectory } from './files.mjs';

const directory = join(repositoryRoot, 'tests/fixtures');

export const fixtureNames = ['official-v1-small', 'official-v2-small', 'official-v2-hot'];

export function readFixture(name) {
  const unpacked = temporaryDirectory('fixture');
  try {
    const archive = join(directory, `${name}.tar.gz`);
    execFileSync('tar', ['-xzf', archive, '-C', unpacked, '--strip-components=1']);
    const slots = {};
    for (const slot of readdirSync(unpacked)) {
      slots[slot] = readFileSync(join(unpacked, slot), 'base64');
    }
    return { slots, expected: JSON.parse(readFileSync(join(directory, `${name}.json`), 'utf8')) };
  } finally {
    removeTemporaryDirectory(unpacked);
  }
}
