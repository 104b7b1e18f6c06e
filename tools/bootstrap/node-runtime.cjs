/** Which Node to run on: the machine's own where it is new enough, otherwise a pinned one from the npm registry. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { step, SetupError } = require('./say.cjs');
const { run, lastLines, findNpm, explainNpm } = require('./run.cjs');

const oldest = [22, 12];

/** Whether a version such as "v22.12.0" is one that Cairn runs on. */
function isNewEnough(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

/** Resolves to {exec, home}: the Node to use and the folder with its headers (undefined where there are none). */
async function chooseNode(root) {
  if (isNewEnough(process.version))
    return { exec: process.execPath, home: headersOf(process.execPath, process.version) };
  const folder = path.join(root, 'runtime');
  const wanted = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).optionalDependencies;
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const needed = `Cairn needs Node ${oldest.join('.')} or newer; this is ${process.version}`;
  if (!wanted[name]) {
    throw new SetupError(
      `${needed}, and there is no ready-made Node for ${process.platform} ${process.arch} in the npm registry.`,
      'Install Node 24 from https://nodejs.org (macOS: `brew install node@24`), then run the command again.',
    );
  }
  const exec = path.join(
    folder,
    'node_modules',
    name,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  if (versionOf(exec) !== `v${wanted[name]}`) {
    await step(`${needed}: fetching Node ${wanted[name]} into runtime/ (about 10 s)`, () =>
      fetchNode(folder),
    );
    if (versionOf(exec) !== `v${wanted[name]}`) {
      throw new SetupError(
        `The fetched Node does not run: ${exec}`,
        'This system may be too old for it; install Node 24 by hand and run the command again.',
      );
    }
  }
  return { exec, home: headersOf(exec, `v${wanted[name]}`), pinned: true };
}

async function fetchNode(folder) {
  const npm = findNpm();
  if (!npm)
    throw new SetupError(
      'npm was not found.',
      'Install npm (Debian: apt-get install npm) and use `npm start`.',
    );
  const args = [npm, 'ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, output } = await run(process.execPath, args, { cwd: folder });
  if (code === 0) return;
  const [what, next] = explainNpm(output);
  throw new SetupError(`${lastLines(output, 12)}\n[cairn] Node could not be fetched: ${what}.`, next);
}

function versionOf(exec) {
  if (!fs.existsSync(exec)) return undefined;
  try {
    return execFileSync(exec, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined; // cut off or made for another system: the caller fetches it again or says so
  }
}

/** The folder of a Node whose include/node holds the headers of exactly this version. */
function headersOf(exec, version) {
  const home = path.resolve(fs.realpathSync(exec), '../..');
  const header = path.join(home, 'include/node/node_version.h');
  if (!fs.existsSync(header)) return undefined;
  const text = fs.readFileSync(header, 'utf8');
  const number = (part) => (text.match(new RegExp(`#define NODE_${part}_VERSION (\\d+)`)) || [])[1];
  return `v${number('MAJOR')}.${number('MINOR')}.${number('PATCH')}` === version ? home : undefined;
}

module.exports = { chooseNode, isNewEnough };
