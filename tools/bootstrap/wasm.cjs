/** Compiles libs/wasm-kernels/assembly (AssemblyScript) to wasm; also alone: `node tools/bootstrap/wasm.cjs`. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { SetupError } = require('./say.cjs');
const { run, lastLines } = require('./run.cjs');

const source = 'libs/wasm-kernels/assembly';
const target = 'dist/libs/wasm-kernels';
const simd = ['--enable', 'simd'];

/** One wasm file each. Erasure coding is compiled twice: the engine decides which of the two it can run. */
const modules = [
  { entry: 'index.ts', file: 'kernels.wasm', features: simd },
  { entry: 'erasure.ts', file: 'erasure.wasm', features: simd },
  { entry: 'erasure.ts', file: 'erasure-relaxed.wasm', features: simd.concat('--enable', 'relaxed-simd') },
];

/** Where the compiled kernels stand; whoever decides on a build looks whether they are there. */
function kernelFiles(root) {
  return modules.map(({ file }) => path.join(root, target, file));
}

/** The folder of the sources. */
function kernelSources(root) {
  return path.join(root, source);
}

async function buildKernels(root, node) {
  fs.mkdirSync(path.join(root, target), { recursive: true });
  for (const module of modules) await compile(root, node, module);
}

async function compile(root, node, { entry, file, features }) {
  const compiler = path.join(root, 'node_modules/assemblyscript/bin/asc.js');
  const fresh = `${target}/${file}.new`;
  const options = ['-O3', '--noAssert', ...features, '--runtime', 'stub', '--use', 'abort='];
  const { code, output } = await run(
    node.exec,
    [compiler, `${source}/${entry}`, '--outFile', fresh].concat(options),
    { cwd: root },
  );
  if (code !== 0)
    throw new SetupError(
      `${lastLines(output, 40)}\n[cairn] The wasm kernels could not be compiled.`,
      `Correct the source named above (${source}) and run the command again.`,
    );
  // renamed at the end: a process that starts meanwhile reads the old file or the new one, never half of it
  fs.renameSync(path.join(root, fresh), path.join(root, target, file));
}

module.exports = { buildKernels, kernelFiles, kernelSources };

if (require.main === module) {
  buildKernels(path.resolve(__dirname, '../..'), { exec: process.execPath }).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
