/** One bootstrap at a time in one folder: `npm start` and `npm test` may be typed together. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { say, SetupError } = require('./say.cjs');

let held;

/** Runs `work` while no other bootstrap of this folder runs. */
async function withLock(root, work) {
  const file = path.join(root, '.bootstrap.lock');
  let waiting = false;
  for (let holder = take(file); holder !== undefined; holder = take(file)) {
    if (!waiting) say(`another command (process ${holder}) is installing or building here; waiting for it`);
    waiting = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  held = file;
  const release = () => {
    held = undefined;
    fs.rmSync(file, { force: true });
  };
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}

/** Writes down a process that works for us: it keeps the lock until it ends, even where we are killed before it. */
function alsoHeldBy(pid) {
  if (held !== undefined) fs.writeFileSync(held, `${process.pid} ${pid}`);
}

/** Takes the lock and returns undefined, or returns a process that holds it. */
function take(file) {
  for (;;) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
      return undefined;
    } catch (error) {
      if (error.code !== 'EEXIST') throw notWritable(error);
    }
    const holder = holdersOf(file).find(isAlive);
    if (holder !== undefined) return holder;
    fs.rmSync(file, { force: true }); // all of them are gone: killed in the middle
  }
}

function notWritable(error) {
  return new SetupError(
    `This folder cannot be written: ${error.message}`,
    'Clone the project into a folder of your own on a disk with space, and run the command there.',
  );
}

function holdersOf(file) {
  try {
    return fs.readFileSync(file, 'utf8').split(' ').map(Number).filter(Boolean);
  } catch {
    return []; // released between our two looks
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

module.exports = { withLock, alsoHeldBy };
