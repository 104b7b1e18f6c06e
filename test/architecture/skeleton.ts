import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** A small tree under the project's real settings, in which violations can be planted. */
export interface Skeleton {
  readonly plant: (files: Readonly<Record<string, string>>) => Promise<void>;
  /** Runs a tool of node_modules there. */
  readonly run: (tool: string, args: readonly string[]) => Promise<{ code: number; output: string }>;
  readonly remove: () => Promise<void>;
}

const settings = [
  'package.json',
  'tsconfig.json',
  'tsconfig.pure.json',
  'tsconfig.imports.json',
  'biome.json',
  '.dependency-cruiser.cjs',
  '.gitignore',
  'tools/lint',
];

/** What the house allows, one file per folder that a rule speaks of. */
const allowed: Readonly<Record<string, string>> = {
  'libs/crypto/index.ts': 'export const hash = (bytes: Uint8Array): Uint8Array => bytes;\n',
  'libs/errors/index.ts': 'export const reason = 1;\n',
  'chain/index.ts': "import { hash } from '#crypto';\n\nexport const law = hash;\n",
  'chain/clock.test.ts': 'export const testsMayUseTheClock = Date.now() + Math.random();\n',
  'contracts/index.ts': "import { law } from '#chain';\n\nexport const contracts = law;\n",
  'libs/store/index.ts':
    "import { readFileSync } from 'node:fs';\nimport { contracts } from '#contracts';\n\nexport const store = [readFileSync, contracts];\n",
  'libs/store/inner.ts': 'export const inner = 1;\n',
  'libs/store/testing/index.ts': 'export const suite = 1;\n',
  'libs/view/index.ts': "import { store } from '#store';\n\nexport const view = store;\n",
  'libs/view/view.test.ts':
    "import { counterpart } from '../../test/counterparts.js';\nimport { suite } from '../store/testing/index.js';\n\nexport const tested = [suite, counterpart];\n",
  'apps/one/main.ts': "import { view } from '#view';\n\nexport const one = view;\n",
  'apps/two/main.ts': 'export const two = Date.now();\n',
  'test/counterparts.ts': 'export const counterpart = 1;\n',
  'tools/tool.ts': 'export const tool = 1;\n',
  'bench/bench.ts': 'export const bench = 1;\n',
};

/** Creates the skeleton in a temporary folder. */
export async function createSkeleton(): Promise<Skeleton> {
  const root = resolve('.');
  const folder = await mkdtemp(join(tmpdir(), 'cairn-skeleton-'));
  for (const name of settings) await cp(join(root, name), join(folder, name), { recursive: true });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const plant = async (files: Readonly<Record<string, string>>): Promise<void> => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
  };
  await plant(allowed);
  return {
    plant,
    run: (tool, args) => runTool(folder, join(root, 'node_modules', tool), args),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function runTool(
  cwd: string,
  file: string,
  args: readonly string[],
): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({ code: code ?? 128, output: Buffer.concat(chunks).toString('utf8') }),
    );
  });
}
