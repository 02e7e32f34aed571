// Runs clang-tidy over many sources at a time: most of its time would go into looking at the same
// headers of the standard library again for each of them.
//
//   node tools/tidy.mjs BUILD FILE...    BUILD has the compile_commands.json
//
// Sources that are compiled alike become one translation unit. One that doesn't compile beside
// those before it, because both have a name for themselves alone, moves on to the next unit. Exit
// status 0 when nothing was found.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const CLANG = 'clang++-19';
const CLANG_TIDY = 'clang-tidy-19';
/** What only a source by itself tells. */
const USING_CHECK = '--checks=-*,misc-unused-using-decls';
/** Processes at a time. */
const JOBS = 2;

const [build, ...files] = process.argv.slice(2);
const directory = resolve(build, 'tidy');
mkdirSync(directory, { recursive: true });
const UNIT = 'the unit';
const UNIT_LINE = new RegExp(`${UNIT}:(\\d+)`, 'g');
let unitCount = 0;

function run(command, args) {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { cwd: resolve(build), stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => (output.out += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (output.err += text));
    child.on('error', failed);
    child.on('close', (status) => done({ status, ...output }));
  });
}

/** What the build compiles as one, if it does, or `file`. */
function sourcesOf(file) {
  if (!/\/Unity\/unity_\d+_cxx\.cxx$/.test(file)) return [file];
  return [...readFileSync(file, 'utf8').matchAll(/^#include "(.*)"$/gm)].map(([, path]) => path);
}

/**
 * The options with which the build compiles each of `files`: their text to the files. Without those
 * that make no difference to the checks.
 */
function filesByOptions() {
  const wanted = new Set(files.map((file) => resolve(file)));
  const groups = new Map();
  for (const { file, command } of JSON.parse(
    readFileSync(join(build, 'compile_commands.json'), 'utf8'),
  )) {
    const sources = sourcesOf(file).filter((source) => wanted.delete(source));
    if (sources.length === 0) continue;
    const options = command
      .replace(/^.*?clang\+\+-19 /, '')
      .replace(/ -o \S+ -c \S+$/, '')
      .replaceAll(/ -O\d/g, '')
      .replaceAll('\\"', '"');
    groups.set(options, [...(groups.get(options) ?? []), ...sources]);
  }
  if (wanted.size > 0) throw new Error(`not compiled in ${build}: ${[...wanted].join(' ')}`);
  return groups;
}

/** One source of all: had it included them, the checks would take them for headers. */
function writeUnit(sources) {
  const path = join(directory, `${++unitCount}.cc`);
  const texts = sources.map((source) => `${readFileSync(source, 'utf8').trimEnd()}\n`);
  writeFileSync(path, texts.join(''));
  const lineCounts = texts.map((text) => text.split('\n').length - 1);
  return { path, sources, lineCounts };
}

/** `output` with the places in the unit as those in its sources. */
function inSources(unit, output) {
  return output.replaceAll(`${unit.path}:`, `${UNIT}:`).replace(UNIT_LINE, (_, text) => {
    let line = Number(text);
    let index = 0;
    while (line > unit.lineCounts[index] && index + 1 < unit.sources.length) {
      line -= unit.lineCounts[index++];
    }
    return `${relative('.', unit.sources[index])}:${line}`;
  });
}

/** Units of `sources` that compile, the fewest; with the last may come one that never compiles. */
async function unitsOf(sources, options) {
  const units = [];
  let rest = sources;
  while (rest.length > 1) {
    const unit = writeUnit(rest);
    const { err } = await run(CLANG, [
      ...options,
      '-fsyntax-only',
      '-w',
      '-ferror-limit=0',
      unit.path,
    ]);
    const clashing = new Set(
      [...inSources(unit, err).matchAll(/^(.*?):\d+:\d+: (?:fatal )?error:/gm)].map((match) =>
        resolve(match[1]),
      ),
    );
    const together = rest.filter((source) => !clashing.has(source));
    // What doesn't compile even so is for clang-tidy to tell.
    units.push(together.length > 0 && clashing.size > 0 ? writeUnit(together) : unit);
    rest = together.length > 0 ? rest.filter((source) => clashing.has(source)) : [];
  }
  return rest.length > 0 ? [...units, writeUnit(rest)] : units;
}

/** Whether `source` may have a using-declaration for which only another source of a unit has use. */
function mayDeclareUnused(source) {
  const text = readFileSync(source, 'utf8');
  return [...text.matchAll(/^\s*using [\w:]*?(\w+);/gm)].some(
    ([, name]) => [...text.matchAll(new RegExp(`(?<!::)\\b${name}\\b`, 'g'))].length === 0,
  );
}

async function main() {
  const waiting = [];
  for (const [text, sources] of filesByOptions()) {
    const options = text.split(' ').filter(Boolean);
    for (const folder of new Set(sources.map(dirname))) options.push('-iquote', folder);
    for (const unit of await unitsOf(sources, options)) {
      waiting.push({ unit, options, checks: [] });
      if (unit.sources.length === 1) continue;
      for (const source of unit.sources.filter(mayDeclareUnused)) {
        waiting.push({ unit: writeUnit([source]), options, checks: [USING_CHECK] });
      }
    }
  }
  let failed = false;
  const worker = async () => {
    for (let next; (next = waiting.shift());) {
      const { unit, options, checks } = next;
      const { status, out, err } = await run(CLANG_TIDY, [
        '--quiet',
        ...checks,
        unit.path,
        '--',
        ...options,
      ]);
      if (status === 0) continue;
      failed = true;
      process.stdout.write(inSources(unit, out + err));
    }
  };
  await Promise.all(Array.from({ length: JOBS }, worker));
  process.exitCode = failed ? 1 : 0;
}

await main();
