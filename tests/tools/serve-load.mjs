// Load on the development server, beside nginx with the same files: whether a request fails, and how
// long the slowest hundredth waits. Then what it does while it is pestered.
//
//   node tests/tools/serve-load.mjs [--requests 100000] [--seconds 20] [--server PROGRAM]
//
// Needs Debian's nginx-light and wrk, and tools/build.sh native-tools. All of it stays on this
// machine. Exits with 1 when a request failed, the slowest hundredth took more than twice nginx's,
// or a probe waited a second.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { hostileRequests, pestered } from './serve-campaign.mjs';
import { SERVER, runToEnd, startServer } from './server-process.mjs';

const CONNECTIONS = 100;
const LARGE_BYTES = 50_000_000;
const PAGE_BYTES = 8_000;

const { values: options } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '20' },
    server: { type: 'string', default: SERVER },
  },
});

// wrk counts in its report what its script is told when all is over.
const wrkScript = (fresh) => `
${fresh ? 'wrk.headers["Connection"] = "close"' : ''}
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{"requests":%d,"us":%d,"failed":%d,"median":%f,"p99":%f,"worst":%f}\\n',
    summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
`;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function untilOpen(port) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await delay(50);
    } finally {
      socket.destroy();
    }
  }
  throw new Error('nginx did not start');
}

async function startNginx(folder, site) {
  const port = await freePort();
  const configuration = join(folder, 'nginx.conf');
  writeFileSync(
    configuration,
    `daemon off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
     worker_processes 1;
     events { worker_connections 4096; }
     http {
       access_log off; sendfile on; include /etc/nginx/mime.types; keepalive_requests 1000000;
       client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
       fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi;
       scgi_temp_path ${folder}/scgi;
       server { listen 127.0.0.1:${port} backlog=4096; root ${site}; }
     }`,
  );
  const child = spawn('/usr/sbin/nginx', ['-c', configuration, '-p', folder], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  await untilOpen(port);
  return {
    port,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Runs wrk until at least `requests` have been answered, and sums up its runs. */
async function load(script, port, requests) {
  const total = { requests: 0, failed: 0, us: 0, p99: 0, median: 0, worst: 0 };
  while (total.requests < requests) {
    const words = ['-t', '2', '-c', `${CONNECTIONS}`, '-d', '5s', '-s', script];
    const { code, stdout, stderr } = await runToEnd('wrk', [
      ...words,
      `http://127.0.0.1:${port}/page.html`,
    ]);
    if (code !== 0) throw new Error(`wrk: ${stderr}${stdout}`);
    const run = JSON.parse(stdout.split('\n').find((line) => line.startsWith('{')));
    for (const name of ['requests', 'failed', 'us']) total[name] += run[name];
    for (const name of ['median', 'p99', 'worst']) total[name] = Math.max(total[name], run[name]);
  }
  return total;
}

const row = (name, { requests, failed, us, median, p99, worst }) =>
  console.log(
    `  ${name.padEnd(14)} ${requests} requests, ${failed} failed, ` +
      `${Math.round((requests / us) * 1e6)}/s, median ${median.toFixed(1)} ms, ` +
      `p99 ${p99.toFixed(1)} ms, worst ${worst.toFixed(0)} ms`,
  );

async function compare(folder, servers) {
  let fine = true;
  for (const fresh of [false, true]) {
    console.log(`${CONNECTIONS} connections, ${fresh ? 'a fresh one each time' : 'kept alive'}`);
    const script = join(folder, 'wrk.lua');
    writeFileSync(script, wrkScript(fresh));
    const results = {};
    for (const [name, { port }] of Object.entries(servers)) {
      results[name] = await load(script, port, Number(options.requests));
      row(name, results[name]);
    }
    const ours = results['sahpool-serve'];
    fine &&= ours.failed === 0 && ours.p99 <= 2 * results.nginx.p99;
  }
  return fine;
}

async function pester(server) {
  const requests = hostileRequests();
  console.log(`${requests.length} hostile requests over and over, 1000 idle and 200 slow clients`);
  const result = await pestered({
    ...{ port: server.port, pid: server.pid, probe: '/page.html', slow: '/large.db' },
    ...{ requests, idle: 1000, slowReaders: 200, ms: Number(options.seconds) * 1000 },
  });
  console.log(
    `  ${result.hostile} hostile requests; ${result.probes} probes, the slowest ` +
      `${result.worstProbeMs} ms; ${result.grownMiB} MiB more memory afterwards`,
  );
  for (const failure of result.failures.slice(0, 5)) console.log(`  FAILED: ${failure}`);
  return result.failures.length === 0 && result.worstProbeMs < 1000;
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'sahpool-serve-load-'));
  const running = [];
  try {
    const site = join(folder, 'site');
    mkdirSync(site);
    writeFileSync(join(site, 'page.html'), 'x'.repeat(PAGE_BYTES));
    writeFileSync(join(site, 'large.db'), Buffer.alloc(LARGE_BYTES, 1));
    // nginx's worker may be another user.
    execFileSync('chmod', ['-R', 'a+rX', folder]);
    const nginx = await startNginx(folder, site);
    running.push(nginx);
    const server = await startServer(options.server, ['--port', '0', site]);
    running.push(server);
    const compared = await compare(folder, { nginx, 'sahpool-serve': server });
    const unharmed = await pester(server);
    process.exitCode = compared && unharmed ? 0 : 1;
    console.log(process.exitCode === 0 ? 'OK' : 'FAILED');
  } finally {
    await Promise.all(running.map((each) => each.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
