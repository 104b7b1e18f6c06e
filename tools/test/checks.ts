import { readFile } from 'node:fs/promises';
import { generatedFiles } from '../generated.js';
import { runCommand } from './command.js';

/** One check of the whole tree, beside the tests: compiler, linter, import rules, generated files. */
export interface Check {
  readonly name: string;
  /** Resolves to undefined when all is well, otherwise to what is wrong and how to mend it. */
  readonly run: () => Promise<string | undefined>;
}

const bin = (script: string): string => `node_modules/${script}`;
const folders = ['chain', 'contracts', 'libs', 'apps', 'tools', 'test', 'bench'];

function toolCheck(name: string, args: readonly string[], next: string): Check {
  return {
    name,
    run: async () => {
      const { code, output } = await runCommand(process.execPath, args);
      return code === 0 ? undefined : `${output.trimEnd()}\n  Next: ${next}`;
    },
  };
}

function generatedCheck(path: string, generate: () => Promise<string>): Check {
  return {
    name: `generated ${path}`,
    run: async () => {
      const committed = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => error.message);
      return committed === (await generate())
        ? undefined
        : `${path} is not what the code generates.\n  Next: \`npm run generate\`, look at the difference, commit it.`;
    },
  };
}

/** Every check, in the order in which they are started. */
export const checks: readonly Check[] = [
  toolCheck(
    'types',
    [bin('typescript/bin/tsc'), '--noEmit', '--pretty', 'false', '-p', 'tsconfig.json'],
    'correct the lines named above.',
  ),
  toolCheck(
    'types of the pure folders (no Node, no clock)',
    [bin('typescript/bin/tsc'), '--noEmit', '--pretty', 'false', '-p', 'tsconfig.pure.json'],
    'chain, contracts and the pure libraries use the language only; take what you need as an argument.',
  ),
  toolCheck(
    'lint and format',
    [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '--colors=off', '.'],
    '`npx biome check --write` mends most of it.',
  ),
  toolCheck(
    'import rules',
    [
      bin('dependency-cruiser/bin/dependency-cruiser.mjs'),
      '--config',
      '.dependency-cruiser.cjs',
      '--output-type',
      'err',
      ...folders,
    ],
    'ARCHITECTURE.md, "Who may import whom".',
  ),
  ...generatedFiles.map(({ path, generate }) => generatedCheck(path, generate)),
];
