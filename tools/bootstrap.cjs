/**
 * What `npm start` and `npm test` run first: plain JavaScript for the Node that the machine came with.
 *
 *   node tools/bootstrap.cjs start|test|bench|faults|fuzz|mutation|sim|cairn|build [arguments for the target]
 *
 * It brings the pinned Node, the packages and the build up to date, each only where something changed, and then
 * becomes the target: same terminal, same arguments, same exit code. Why a pinned Node: docs/adr/0001-runtime.md.
 */
'use strict';

const path = require('node:path');
const { fail, SetupError } = require('./bootstrap/say.cjs');
const { chooseNode } = require('./bootstrap/node-runtime.cjs');
const { withLock } = require('./bootstrap/lock.cjs');
const { installPackages } = require('./bootstrap/packages.cjs');
const { installCounterparts } = require('./bootstrap/debian.cjs');
const { build } = require('./bootstrap/build.cjs');
const { runTarget } = require('./bootstrap/target.cjs');

const root = path.resolve(__dirname, '..');
const targets = {
  start: 'dist/tools/devnet/main.js',
  test: 'dist/tools/test/main.js',
  bench: 'dist/bench/main.js',
  faults: 'dist/test/e2e/faults/main.js',
  fuzz: 'dist/test/fuzz/main.js',
  mutation: 'dist/test/mutation/main.js',
  sim: 'dist/tools/sim/main.js',
  cairn: 'dist/apps/cli/main.js',
  build: undefined,
};

async function main() {
  const [name, ...args] = process.argv.slice(2);
  if (!Object.hasOwn(targets, name)) {
    fail(
      `tools/bootstrap.cjs does not know the target "${name}".`,
      `Name one of: ${Object.keys(targets).join(', ')}.`,
    );
  }
  const node = await withLock(root, async () => {
    const chosen = await chooseNode(root);
    await installPackages(root, chosen);
    await build(root, chosen);
    return chosen;
  });
  if (name === 'test') await installCounterparts(root);
  if (!targets[name]) return;
  // npm changes into the project's folder; who names a file means it as seen from where they are
  const takesPaths = name === 'cairn' || name === 'start';
  const cwd = takesPaths ? process.env.INIT_CWD || process.cwd() : root;
  process.exitCode = await runTarget(node, path.join(root, targets[name]), args, cwd);
}

main().catch((error) => {
  if (error instanceof SetupError) fail(error.message, error.next);
  fail(error?.stack ? error.stack : String(error), 'This is a fault of tools/bootstrap: please report it.');
});
