/** Brings node_modules to exactly what the lock file says, once per lock file. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const crypto = require('node:crypto');
const { step, SetupError } = require('./say.cjs');
const { run, lastLines, findNpm, explainNpm } = require('./run.cjs');
const { ensureCompiler } = require('./debian.cjs');

const openDatabase =
  "const {Database}=require('sqlite3');new Database(':memory:',(e)=>{if(e){console.error(e.message);process.exit(1)}})";

async function installPackages(root, node) {
  const stamp = path.join(root, 'node_modules', '.cairn-installed');
  const wanted = stampOf(root);
  if (!fs.existsSync(stamp) || fs.readFileSync(stamp, 'utf8') !== wanted) {
    if (!isInstalledAsLocked(root) || (await opensDatabase(root, node)) !== undefined) {
      await ensureCompiler();
      await step('installing the packages (about 70 s the first time: the SQLite driver is compiled)', () =>
        install(root, node),
      );
    }
    fs.writeFileSync(stamp, wanted); // last: an interrupted install has no stamp and is done again
  }
  linkNode(root, node);
}

function stampOf(root) {
  const hash = crypto.createHash('sha256');
  hash.update(fs.readFileSync(path.join(root, 'package-lock.json')));
  return `${hash.digest('hex')} ${process.platform} ${process.arch}\n`;
}

/** Whether somebody ran `npm ci` by hand: npm's own record of node_modules agrees with the lock file. */
function isInstalledAsLocked(root) {
  const record = path.join(root, 'node_modules', '.package-lock.json');
  if (!fs.existsSync(record)) return false;
  const installed = JSON.parse(fs.readFileSync(record, 'utf8')).packages;
  const locked = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  const isSame = (name) => installed[name] && installed[name].integrity === locked[name].integrity;
  return Object.keys(locked).every(
    (name) => name === '' || isSame(name) || (locked[name].optional && !installed[name]),
  );
}

async function install(root, node) {
  const npm = findNpm();
  if (!npm)
    throw new SetupError(
      'npm was not found.',
      'Install npm (Debian: apt-get install npm) and use `npm start`.',
    );
  const options = { cwd: root, env: environment(node) };
  const npmFlags = ['--no-audit', '--no-fund', '--loglevel=error'];
  const first = await run(
    node.exec,
    [npm, 'ci', '--include=dev', '--include=optional'].concat(npmFlags),
    options,
  );
  if (first.code !== 0) throw npmFailure('The packages could not be installed', first.output);
  if ((await opensDatabase(root, node)) === undefined) return;
  // the ready-made driver may be linked against a newer C library than this system has
  const rebuild = await run(
    node.exec,
    [npm, 'rebuild', 'sqlite3', '--build-from-source'].concat(npmFlags),
    options,
  );
  if (rebuild.code !== 0) throw npmFailure('The SQLite driver could not be compiled', rebuild.output);
  const problem = await opensDatabase(root, node);
  if (problem !== undefined) {
    throw new SetupError(
      `The SQLite driver was compiled but does not open a database: ${problem}`,
      'Report this with the output of `ldd --version` and `uname -a`.',
    );
  }
}

function npmFailure(title, output) {
  const [what, next] = explainNpm(output);
  return new SetupError(`${lastLines(output, 25)}\n[cairn] ${title}: ${what}.`, next);
}

async function opensDatabase(root, node) {
  const { code, output } = await run(node.exec, ['-e', openDatabase], { cwd: root });
  return code === 0 ? undefined : output.trim();
}

/** The environment of npm: our Node first, and its own headers, so that nothing is downloaded to compile. */
function environment(node) {
  const env = Object.assign({}, process.env, { JOBS: 'max' });
  env.PATH = `${path.dirname(node.exec)}${path.delimiter}${process.env.PATH || ''}`;
  if (node.home) {
    env.npm_config_nodedir = node.home;
    env.npm_package_config_node_gyp_nodedir = node.home;
  }
  return env;
}

/** npm puts node_modules/.bin first on PATH: with the pinned Node there, every later `npm run` uses it. */
function linkNode(root, node) {
  if (!node.pinned) return;
  const windows = process.platform === 'win32';
  const link = path.join(root, 'node_modules', '.bin', windows ? 'node.exe' : 'node');
  const target = path.relative(path.dirname(link), node.exec);
  if (windows) {
    if (!fs.existsSync(link)) fs.copyFileSync(node.exec, link);
    return;
  }
  try {
    if (fs.readlinkSync(link) === target) return;
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EINVAL') throw error;
  }
  fs.rmSync(link, { force: true });
  fs.symlinkSync(target, link);
}

module.exports = { installPackages };
