/** Compiles libs/wasm-kernels/assembly (AssemblyScript) to wasm; also alone: `node tools/bootstrap/wasm.cjs`. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { SetupError } = require('./say.cjs');
const { run, lastLines } = require('./run.cjs');

const source = 'libs/wasm-kernels/assembly';
const target = 'dist/libs/wasm-kernels/kernels.wasm';

/** Where the compiled kernels stand; whoever decides on a build looks whether they are there. */
function kernelsFile(root) {
  return path.join(root, target);
}

/** The folder of the sources. */
function kernelSources(root) {
  return path.join(root, source);
}

async function buildKernels(root, node) {
  const compiler = path.join(root, 'node_modules/assemblyscript/bin/asc.js');
  const fresh = `${target}.new`;
  fs.mkdirSync(path.dirname(kernelsFile(root)), { recursive: true });
  const options = ['-O3', '--noAssert', '--enable', 'simd', '--runtime', 'stub', '--use', 'abort='];
  const { code, output } = await run(
    node.exec,
    [compiler, `${source}/index.ts`, '--outFile', fresh].concat(options),
    { cwd: root },
  );
  if (code !== 0)
    throw new SetupError(
      `${lastLines(output, 40)}\n[cairn] The wasm kernels could not be compiled.`,
      `Correct the source named above (${source}) and run the command again.`,
    );
  // renamed at the end: a process that starts meanwhile reads the old file or the new one, never half of it
  fs.renameSync(path.join(root, fresh), kernelsFile(root));
}

module.exports = { buildKernels, kernelsFile, kernelSources };

if (require.main === module) {
  buildKernels(path.resolve(__dirname, '../..'), { exec: process.execPath }).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
