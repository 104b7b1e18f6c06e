/** Runs a command for the bootstrap and keeps what it printed, to show it only when it fails. */
'use strict';

const { spawn } = require('node:child_process');
const { alsoHeldBy } = require('./lock.cjs');

const keptCharacters = 20000;

/** Resolves to {code, output}; never rejects: a command that cannot be started has code 127. */
function run(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, Object.assign({ stdio: ['ignore', 'pipe', 'pipe'] }, options));
    if (child.pid !== undefined) alsoHeldBy(child.pid);
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-keptCharacters);
    };
    const stop = () => child.kill('SIGTERM');
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    const end = (code) => {
      process.removeListener('SIGINT', stop);
      process.removeListener('SIGTERM', stop);
      resolve({ code, output });
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => {
      keep(error.message);
      end(127);
    });
    child.once('close', (code, signal) => {
      if (signal) keep(`\nended by ${signal}`);
      end(code === null ? 128 : code);
    });
  });
}

/** The last lines of an output, indented. */
function lastLines(output, count) {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return lines
    .slice(-count)
    .map((line) => `    ${line}`)
    .join('\n');
}

/** The npm that started us, else the one that came with this Node, else undefined. */
function findNpm() {
  const fs = require('node:fs');
  const path = require('node:path');
  const candidates = [
    process.env.npm_execpath,
    path.resolve(process.execPath, '../../lib/node_modules/npm/bin/npm-cli.js'),
    path.resolve(process.execPath, '../node_modules/npm/bin/npm-cli.js'),
  ];
  for (const folder of (process.env.PATH || '').split(path.delimiter)) {
    const npm = path.join(folder, 'npm');
    if (fs.existsSync(npm)) candidates.push(fs.realpathSync(npm));
  }
  return candidates.find((file) => file && /npm-cli\.c?js$/.test(file) && fs.existsSync(file));
}

/** What a failed npm most probably means, as [what, next]. */
function explainNpm(output) {
  if (/ENOSPC/.test(output))
    return ['the disk is full', 'Free some space (about 1 GB is needed) and run the command again.'];
  if (/EACCES|EPERM|EROFS/.test(output)) {
    return [
      'a file or folder may not be written',
      'Give your user the right to write to this folder, then run the command again.',
    ];
  }
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET|ENETUNREACH|ERR_SOCKET_TIMEOUT/.test(output)) {
    return [
      'the npm registry cannot be reached',
      'Check the network (and proxy settings of npm), then run the command again.',
    ];
  }
  if (/EINTEGRITY/.test(output))
    return [
      'a downloaded package does not match the lock file',
      'Run `npm cache clean --force` and try again.',
    ];
  if (/gyp ERR!/.test(output))
    return [
      'the SQLite driver could not be compiled',
      'Install a C++ compiler, make and python3 (Debian: apt-get install g++ make python3).',
    ];
  return ['npm ended with an error', 'Read the lines above; running the command again is safe.'];
}

module.exports = { run, lastLines, findNpm, explainNpm };
