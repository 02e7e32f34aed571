// Runs Emscripten programs in the workers of a page (emscripten-projects.mjs makes it).

/**
 * What `program` prints in a worker of its own, until it prints `last`. What it has printed stands in
 * the error too when it doesn't come to that. With `threadWithin` undefined when no thread of the
 * program has come up in that many milliseconds; the worker is ended then.
 */
export function run(page, program, last, { threadWithin, deadline } = {}) {
  return page.evaluate(
    ({ program, last, threadWithin }) =>
      new Promise((resolve, reject) => {
        const lines = [];
        const type = program.endsWith('.mjs') ? 'module' : 'classic';
        const plain = type === 'module' ? 'worker.mjs' : 'worker.js';
        const file = threadWithin === undefined ? plain : 'watched-worker.js';
        const worker = new Worker(`${file}?program=${program}`, { type });
        const end = (result) => {
          worker.terminate();
          resolve(result);
        };
        const timer = threadWithin && setTimeout(() => end(undefined), threadWithin);
        worker.onerror = ({ message }) => reject(new Error([message, ...lines].join('\n')));
        worker.onmessage = ({ data }) => {
          if (data.isThreadUp) return clearTimeout(timer);
          // Where a deadline's error finds it.
          console.log(data);
          lines.push(data);
          if (data.startsWith(last)) end(lines);
        };
      }),
    { program, last, threadWithin },
    { deadline },
  );
}

/**
 * run() for a program with main() on a thread. In Firefox `new Worker()` in a worker sometimes never
 * returns, whatever the program: it and the new worker wait for each other. Only a program without
 * any thread yet is tried again, on its page anew, at most twice and not without `say`ing so.
 */
export async function runOnThread(session, page, program, last, options) {
  const { say, threadWithin = 20_000, deadline } = options;
  const attempts = session.browserName === 'firefox' ? 3 : 1;
  for (let attempt = 1; attempt <= attempts; ++attempt) {
    if (attempt > 1) await page.reload();
    const lines = await run(page, program, last, { threadWithin, deadline });
    if (lines) return lines;
    say(`${program} had no thread within ${threadWithin} ms, attempt ${attempt} of ${attempts}`);
  }
  throw new Error(`the thread of ${program} has not come up`);
}
