/** Packages of the system: the compiler that the SQLite driver needs and the real programs that tests talk to. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { say, step, SetupError } = require('./say.cjs');
const { run, lastLines } = require('./run.cjs');

/** Whether a command is on PATH (or where administrators keep servers, which a user's PATH may lack). */
function hasCommand(command) {
  const folders = (process.env.PATH || '').split(path.delimiter).concat(['/usr/sbin', '/usr/local/bin']);
  return folders.some((folder) => fs.existsSync(path.join(folder, command)));
}

/** How this process may install packages: a command prefix, or undefined where it may not. */
async function aptPrefix() {
  if (process.platform !== 'linux' || !hasCommand('apt-get')) return undefined;
  if (process.getuid() === 0) return [];
  const isCi = process.env.CI && process.env.CI !== 'false';
  if (isCi && hasCommand('sudo') && (await run('sudo', ['-n', 'true'])).code === 0)
    return ['sudo', '-n', '-E'];
  return undefined;
}

/** Installs Debian packages; resolves to undefined, or to what stood in the way. */
async function installDebian(packages) {
  const prefix = await aptPrefix();
  if (!prefix) return 'only the administrator can install packages here';
  const [command, ...rest] = prefix.concat(['apt-get']);
  // RUNLEVEL=1 keeps a freshly installed server from being started as a service
  const env = Object.assign({}, process.env, { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' });
  const install = () =>
    run(command, rest.concat(['install', '-y', '-q', '--no-install-recommends'], packages), { env });
  return step(`installing ${packages.join(', ')} with apt-get`, async () => {
    if ((await install()).code === 0) return undefined;
    await run(command, rest.concat(['update', '-q']), { env });
    const second = await install();
    return second.code === 0 ? undefined : `apt-get could not install them:\n${lastLines(second.output, 6)}`;
  });
}

/** Makes sure of a C++ compiler, make and python3: the SQLite driver is compiled where no ready-made one fits. */
async function ensureCompiler() {
  if (process.platform !== 'linux') return;
  const tools = { 'g++': 'g++', make: 'make', python3: 'python3' };
  const missing = Object.keys(tools).filter((command) => !hasCommand(command));
  if (missing.length === 0) return;
  const obstacle = await installDebian(missing.map((command) => tools[command]));
  if (!obstacle) return;
  const names = missing.join(', ');
  if (glibcIsRecent()) {
    say(`${names} not found (${obstacle}); going on with the ready-made SQLite driver`);
    return;
  }
  throw new SetupError(
    `The SQLite driver must be compiled on this system, and this is missing: ${names} (${obstacle}).`,
    `As administrator: apt-get install ${missing.map((command) => tools[command]).join(' ')}; then run the command again.`,
  );
}

/** The ready-made driver is linked against glibc 2.38. */
function glibcIsRecent() {
  const version = process.report?.getReport().header.glibcVersionRuntime;
  if (!version) return false;
  const [major, minor] = version.split('.').map(Number);
  return major > 2 || minor >= 38;
}

/** Installs the real programs that tests talk to (test/counterparts.json), or says which tests will be skipped. */
async function installCounterparts(root) {
  const all = JSON.parse(fs.readFileSync(path.join(root, 'test/counterparts.json'), 'utf8'));
  const missing = Object.keys(all).filter((command) => !hasCommand(command));
  if (missing.length === 0) return;
  const packages = missing.map((command) => all[command].debianPackage);
  const obstacle = await installDebian(packages);
  if (!obstacle) return;
  say(`not installed: ${missing.join(', ')} (${obstacle})`);
  say(
    `  the tests that talk to them are skipped by name; to run them: apt-get install ${packages.join(' ')}`,
  );
}

module.exports = { ensureCompiler, installCounterparts, hasCommand };
