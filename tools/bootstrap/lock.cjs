/** One bootstrap at a time in one folder: `npm start` and `npm test` may be typed together. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { say, SetupError } = require('./say.cjs');

async function withLock(root, work) {
  const file = path.join(root, '.bootstrap.lock');
  let waiting = false;
  for (let holder = take(file); holder !== undefined; holder = take(file)) {
    if (!waiting) say(`another command (process ${holder}) is installing or building here; waiting for it`);
    waiting = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const release = () => fs.rmSync(file, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}

/** Takes the lock and returns undefined, or returns the process that holds it. */
function take(file) {
  for (;;) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
      return undefined;
    } catch (error) {
      if (error.code !== 'EEXIST') throw notWritable(error);
    }
    const holder = holderOf(file);
    if (holder !== undefined && isAlive(holder)) return holder;
    fs.rmSync(file, { force: true }); // its process is gone: it was killed in the middle
  }
}

function notWritable(error) {
  return new SetupError(
    `This folder cannot be written: ${error.message}`,
    'Clone the project into a folder of your own on a disk with space, and run the command there.',
  );
}

function holderOf(file) {
  try {
    return Number(fs.readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined; // released between our two looks
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

module.exports = { withLock };
