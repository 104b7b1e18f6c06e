/** What the bootstrap prints: one line per step, how long it took, and failures with what to do next. */
'use strict';

const interactive = process.stderr.isTTY === true;

/** Prints one line about what is going on. */
function say(text) {
  process.stderr.write(`[cairn] ${text}\n`);
}

/** An error whose message names what was wrong and what to do next; shown without a stack. */
class SetupError extends Error {
  constructor(message, next) {
    super(message);
    this.next = next;
  }
}

/** Prints an error with its next step and ends the process. */
function fail(message, next) {
  process.stderr.write(`\n[cairn] ${message}\n${next ? `[cairn] Next: ${next}\n` : ''}`);
  process.exit(1);
}

/** Runs a step that may take long: says what it does, a sign of life now and then, and how long it took. */
async function step(title, work) {
  const started = process.hrtime.bigint();
  const seconds = () => Number((process.hrtime.bigint() - started) / 1000000n) / 1000;
  say(`${title} ...`);
  const ticker = setInterval(
    () => {
      if (interactive) process.stderr.write(`\r[cairn]   ${Math.round(seconds())} s \r`);
      else say(`  still at it after ${Math.round(seconds())} s`);
    },
    interactive ? 1000 : 20000,
  );
  try {
    const result = await work();
    say(`  done in ${seconds().toFixed(1)} s`);
    return result;
  } finally {
    clearInterval(ticker);
  }
}

module.exports = { say, fail, step, SetupError };
