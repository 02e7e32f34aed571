// Checks that the folders of the C++ and of the package use only what lies below them:
//   node tools/check-arrows.mjs
// Prints each include or import that runs up, and ends with 1 when there is one. docs/architecture.md
// has the picture.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Lowest first. Folders of one line know nothing of each other. */
const HOUSES = [
  {
    root: 'src',
    files: /\.(cc|h)$/,
    uses: /^#include "([^"]+)"/gm,
    floors: [
      ['sahpool'],
      ['abi', 'format', 'storage'],
      ['slot'],
      ['file'],
      ['pool'],
      ['transfer'],
      ['vfs'],
      ['library'],
      ['browser', 'native'],
    ],
  },
  {
    root: 'npm/src',
    files: /\.ts$/,
    uses: /\bfrom '([^']+)'/g,
    floors: [['core'], ['loader', 'opfs'], ['transfer'], ['pool'], ['api']],
  },
];

/** What a house's file names, as a path from the house; undefined for what is not of it. */
function usedBy(file, name) {
  if (!name.startsWith('.')) return file.endsWith('.ts') ? undefined : name;
  return path.join(path.dirname(file), name);
}

function* arrowsUp({ root: house, files, uses, floors }) {
  const floorOf = new Map(floors.flatMap((folders, floor) => folders.map((it) => [it, floor])));
  const inHouse = path.join(root, house);
  for (const file of readdirSync(inHouse, { recursive: true }).filter((it) => files.test(it))) {
    const [own] = file.split(path.sep);
    if (!floorOf.has(own)) yield `${house}/${file} is in a folder without a floor`;
    for (const [, name] of readFileSync(path.join(inHouse, file), 'utf8').matchAll(uses)) {
      const [folder] = usedBy(file, name)?.split(path.sep) ?? [own];
      if (folder === own) continue;
      if (!floorOf.has(folder)) yield `${house}/${file} uses ${name}, whose folder has no floor`;
      else if (floorOf.get(folder) >= floorOf.get(own)) yield `${house}/${file} uses ${name}`;
    }
  }
}

const found = HOUSES.flatMap((house) => [...arrowsUp(house)]);
if (found.length > 0) {
  console.error(`Arrows that do not run down:\n  ${found.join('\n  ')}`);
  process.exitCode = 1;
}
