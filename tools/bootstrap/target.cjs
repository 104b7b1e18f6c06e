/** Becomes the target: same terminal, arguments, signals and exit code. */
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');

const killAfterMs = 30000;

/**
 * Resolves to the exit code. The target gets an IPC channel: its end tells it that we are gone, even by SIGKILL.
 * SIGINT is passed on as SIGTERM, because a terminal has sent the target its own SIGINT already, and a second one
 * would mean "at once". npm does not pass SIGTERM on: where npm or its shell disappears, the target is stopped too.
 */
function runTarget(node, file, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(node.exec, ['--enable-source-maps', file].concat(args), {
      cwd,
      env: withCodeCache(),
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    });
    let killer;
    const stop = () => {
      if (killer) return;
      child.kill('SIGTERM');
      killer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
    const watch = setInterval(watchParents(stop), 500);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearInterval(watch);
      clearTimeout(killer);
      resolve(signal ? 128 + os.constants.signals[signal] : code);
    });
  });
}

/** Processes load some thousand modules, the command line with every call: compiled once, they start a fifth sooner. */
function withCodeCache() {
  const folder = path.join(__dirname, '..', '..', 'node_modules', '.cache', 'cairn-code');
  return Object.assign({ NODE_COMPILE_CACHE: folder }, process.env);
}

/** Calls back when our parent, or the npm above npm's shell, is no longer the one we were started by. */
function watchParents(whenGone) {
  const shell = process.ppid;
  const npm = process.env.npm_lifecycle_event && process.platform === 'linux' ? parentOf(shell) : undefined;
  return () => {
    if (process.ppid !== shell || (npm !== undefined && parentOf(shell) !== npm)) whenGone();
  };
}

function parentOf(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

module.exports = { runTarget };
