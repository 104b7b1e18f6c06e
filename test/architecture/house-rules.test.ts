import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSkeleton, type Skeleton } from './skeleton.js';

// Violations are planted in a small tree under the project's real settings: each check must accept the tree without
// them and name every one of them. A rule that stopped working would otherwise look like a clean project.

const folders = ['chain', 'contracts', 'libs', 'apps', 'tools', 'test', 'bench'];
const importRules = [
  '--config',
  '.dependency-cruiser.cjs',
  '--output-type',
  'err',
  '--no-progress',
  ...folders,
];
const pureTypes = ['--noEmit', '--pretty', 'false', '-p', 'tsconfig.pure.json'];
const lint = ['lint', '--error-on-warnings', '--max-diagnostics=200', '--reporter=github', '.'];

const tools = {
  imports: ['dependency-cruiser/bin/dependency-cruiser.mjs', importRules],
  compiler: ['typescript/bin/tsc', pureTypes],
  linter: ['@biomejs/biome/bin/biome', lint],
} as const;
type Tool = keyof typeof tools;

interface Violation {
  readonly tool: Tool;
  readonly what: string;
  readonly file: string;
  readonly text: string;
  /** What the check must say in the same line as the file. */
  readonly says: string;
  /** Further files that the violation needs. */
  readonly with?: Readonly<Record<string, string>>;
}

const violations: readonly Violation[] = [
  {
    tool: 'imports',
    what: 'chain importing node:fs',
    file: 'chain/planted-fs.ts',
    text: "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n",
    says: 'pure-folders-import-no-node-or-framework',
  },
  {
    tool: 'imports',
    what: 'chain importing contracts',
    file: 'chain/planted-contracts.ts',
    text: "import { contracts } from '#contracts';\nexport const known = contracts;\n",
    says: 'chain-knows-only-crypto',
  },
  {
    tool: 'imports',
    what: 'contracts importing a library with IO',
    file: 'contracts/planted-store.ts',
    text: "import { store } from '#store';\nexport const kept = store;\n",
    says: 'contracts-know-chain-and-crypto',
  },
  {
    tool: 'imports',
    what: 'a pure library importing a framework',
    file: 'libs/crypto/planted-rxjs.ts',
    text: "import { of } from 'rxjs';\nexport const stream = of(1);\n",
    says: 'pure-folders-no-io-packages',
  },
  {
    tool: 'imports',
    what: 'an app importing another app',
    file: 'apps/one/planted-app.ts',
    text: "import { two } from '../two/main.js';\nexport const other = two;\n",
    says: 'app-never-imports-app',
  },
  {
    tool: 'imports',
    what: 'a library importing an app',
    file: 'libs/view/planted-app.ts',
    text: "import { two } from '../../apps/two/main.js';\nexport const app = two;\n",
    says: 'libs-never-import-apps',
  },
  {
    tool: 'imports',
    what: 'a library importing the inside of another',
    file: 'libs/view/planted-inner.ts',
    text: "import { inner } from '../store/inner.js';\nexport const deep = inner;\n",
    says: 'library-through-its-index',
  },
  {
    tool: 'imports',
    what: 'an app importing the inside of a library',
    file: 'apps/one/planted-inner.ts',
    text: "import { inner } from '../../libs/store/inner.js';\nexport const deep = inner;\n",
    says: 'library-through-its-index-from-outside',
  },
  {
    tool: 'imports',
    what: 'a library importing the inside of the law',
    file: 'libs/view/planted-law.ts',
    text: "import { part } from '../../chain/part.js';\nexport const deep = part;\n",
    says: 'law-through-its-index',
    with: { 'chain/part.ts': 'export const part = 1;\n' },
  },
  {
    tool: 'imports',
    what: 'shipped code importing a test suite',
    file: 'libs/view/planted-suite.ts',
    text: "import { suite } from '../store/testing/index.js';\nexport const shipped = suite;\n",
    says: 'testing-index-from-tests-only',
  },
  {
    tool: 'imports',
    what: 'a cycle, also through the # names',
    file: 'libs/left/index.ts',
    text: "import { right } from '#right';\nexport const left = (): unknown => right;\n",
    says: 'no-circular',
    with: {
      'libs/right/index.ts': "import { left } from '#left';\nexport const right = (): unknown => left;\n",
    },
  },
  {
    tool: 'imports',
    what: 'an import of nothing',
    file: 'libs/view/planted-nothing.ts',
    text: "import { nothing } from './nothing.js';\nexport const none = nothing;\n",
    says: 'not-resolvable',
  },
  ...[
    'process.pid',
    'Buffer.alloc(1)',
    'setTimeout(() => {}, 1)',
    "fetch('http://a')",
    'console',
    'performance',
  ].map(
    (expression, index): Violation => ({
      tool: 'compiler',
      what: `${expression} in chain`,
      file: `chain/planted-type-${index}.ts`,
      text: `export const planted = ${expression};\n`,
      says: `Cannot find name '${/^\w+/.exec(expression)?.[0]}'`,
    }),
  ),
  {
    tool: 'compiler',
    what: 'node:crypto in a pure library',
    file: 'libs/crypto/planted-node.ts',
    text: "import { randomBytes } from 'node:crypto';\nexport const planted = randomBytes;\n",
    says: "'node:crypto'",
  },
  ...['Date.now()', 'new Date()', 'process.pid', 'Buffer.alloc(1)', 'globalThis'].map(
    (expression, index): Violation => ({
      tool: 'linter',
      what: `${expression} in contracts`,
      file: `contracts/planted-lint-${index}.ts`,
      text: `export const planted = ${expression};\n`,
      says: 'noRestrictedGlobals',
    }),
  ),
  {
    tool: 'linter',
    what: 'Math.random() in chain',
    file: 'chain/planted-chance.ts',
    text: 'export const planted = Math.random();\n',
    says: 'no chance in the pure folders',
  },
  {
    tool: 'linter',
    what: 'any',
    file: 'libs/view/planted-any.ts',
    text: 'export const planted = (value: any): string => value.name;\n',
    says: 'noExplicitAny',
  },
  {
    tool: 'linter',
    what: 'a default export',
    file: 'libs/view/planted-default.ts',
    text: 'export default 1;\n',
    says: 'noDefaultExport',
  },
];

const outputs = new Map<Tool, string>();
let skeleton: Skeleton;

const run = (tool: Tool): Promise<{ code: number; output: string }> => {
  const [file, args] = tools[tool];
  return skeleton.run(file, args);
};

describe('the checks of the house', () => {
  beforeAll(async () => {
    skeleton = await createSkeleton();
  });
  afterAll(() => skeleton.remove());

  test.each(Object.keys(tools) as Tool[])('%s accepts what the house allows', async (tool) => {
    const { code, output } = await run(tool);
    expect([code, output]).toEqual([0, expect.any(String)]);
  });

  describe('with violations planted', () => {
    beforeAll(async () => {
      for (const { file, text, with: more } of violations) await skeleton.plant({ ...more, [file]: text });
      for (const tool of Object.keys(tools) as Tool[]) {
        const { code, output } = await run(tool);
        expect(code).not.toBe(0);
        outputs.set(tool, output);
      }
    });

    test.each(violations.map((violation) => [violation.tool, violation.what, violation] as const))(
      '%s catches %s',
      (tool, _what, { file, says }) => {
        const lines = outputs.get(tool)?.split('\n') ?? [];
        expect(lines.filter((line) => line.includes(file) && line.includes(says))).not.toEqual([]);
      },
    );
  });
});
