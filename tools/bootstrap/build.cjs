/** Builds dist/ when a source changed since the last build, and removes what no source stands behind. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const crypto = require('node:crypto');
const { step, SetupError } = require('./say.cjs');
const { run, lastLines } = require('./run.cjs');
const { buildKernels, kernelFiles, kernelSources } = require('./wasm.cjs');

async function build(root, node) {
  const settings = ['nest-cli.json', '.swcrc', 'package-lock.json'].map((name) => path.join(root, name));
  const roots = JSON.parse(fs.readFileSync(settings[0], 'utf8')).compilerOptions.builder.options.filenames;
  const sources = roots.flatMap((name) => filesUnder(path.join(root, name), '.ts'));
  const stamp = path.join(root, 'dist', '.built-from');
  const wanted = stampOf(root, settings.concat(sources));
  const isBuilt = kernelFiles(root).every((file) => fs.existsSync(file)) && fs.existsSync(stamp);
  if (isBuilt && fs.readFileSync(stamp, 'utf8') === wanted) return;
  fs.rmSync(stamp, { force: true });
  await step('building', async () => {
    removeOrphans(root, roots);
    const nest = path.join(root, 'node_modules/@nestjs/cli/bin/nest.js');
    const { code, output } = await run(node.exec, [nest, 'build'], { cwd: root });
    if (code !== 0)
      throw new SetupError(
        `${lastLines(output, 40)}\n[cairn] The build failed.`,
        'Correct the source named above and run the command again.',
      );
    await refreshKernels(root, node);
  });
  fs.writeFileSync(stamp, wanted);
}

/** The wasm kernels have a stamp of their own: compiling them costs as much as all the rest. */
async function refreshKernels(root, node) {
  const files = kernelFiles(root);
  const stamp = `${files[0]}.built-from`;
  const settings = [path.join(root, 'package-lock.json'), path.join(__dirname, 'wasm.cjs')];
  const sources = filesUnder(kernelSources(root), '.ts').concat(settings);
  const wanted = stampOf(root, sources);
  if (
    files.every((file) => fs.existsSync(file)) &&
    fs.existsSync(stamp) &&
    fs.readFileSync(stamp, 'utf8') === wanted
  )
    return;
  await buildKernels(root, node);
  fs.writeFileSync(stamp, wanted);
}

/** Hash of names, sizes and times: reading every source would cost more than it shows. */
function stampOf(root, files) {
  const hash = crypto.createHash('sha256');
  for (const file of files.sort()) {
    const { size, mtimeMs } = fs.statSync(file);
    hash.update(`${path.relative(root, file)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function filesUnder(folder, extension) {
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesUnder(full, extension);
    return entry.name.endsWith(extension) ? [full] : [];
  });
}

/** A test that was deleted must not go on running from dist/. */
function removeOrphans(root, roots) {
  for (const name of roots) {
    for (const built of filesUnder(path.join(root, 'dist', name), '.js')) {
      const source = path.join(root, path.relative(path.join(root, 'dist'), built)).replace(/\.js$/, '.ts');
      if (fs.existsSync(source)) continue;
      fs.rmSync(built);
      fs.rmSync(`${built}.map`, { force: true });
    }
  }
}

module.exports = { build };
