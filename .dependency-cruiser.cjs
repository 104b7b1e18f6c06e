/** Who may import whom (ARCHITECTURE.md, "Who may import whom"). */
const pure = '^(chain|contracts|libs/(crypto|errors|fragments|wire))/';
const notTest = '\\.test\\.ts$|/testing/';
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'not-resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '/package\\.json$' },
    },
    {
      name: 'chain-knows-only-crypto',
      severity: 'error',
      from: { path: '^chain/', pathNot: notTest },
      to: { pathNot: '^(chain/|libs/(crypto|errors)/index|node_modules/@scure/base/)' },
    },
    {
      name: 'contracts-know-chain-and-crypto',
      severity: 'error',
      from: { path: '^contracts/', pathNot: notTest },
      to: { pathNot: '^(contracts/|chain/index|libs/(crypto|errors)/index)' },
    },
    {
      name: 'pure-folders-import-no-node-or-framework',
      severity: 'error',
      from: { path: pure, pathNot: notTest },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-folders-no-io-packages',
      severity: 'error',
      from: { path: pure, pathNot: notTest },
      to: { path: 'node_modules/(@nestjs|rxjs|typeorm|sqlite3|bullmq|ioredis|piscina|pino)' },
    },
    {
      name: 'libs-never-import-apps',
      severity: 'error',
      from: { path: '^(libs|chain|contracts)/', pathNot: notTest },
      to: { path: '^(apps|tools|test|bench)/' },
    },
    {
      name: 'tests-of-libs-import-only-the-counterparts',
      severity: 'error',
      from: { path: '^(libs|chain|contracts)/' },
      to: { path: '^(apps|tools|test|bench)/', pathNot: '^test/counterparts\\.ts$' },
    },
    {
      name: 'app-never-imports-app',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'library-through-its-index',
      severity: 'error',
      from: { path: '^libs/([^/]+)/' },
      to: { path: '^libs/([^/]+)/(?!(testing/)?index\\.ts$)', pathNot: '^libs/$1/' },
    },
    {
      name: 'testing-index-from-tests-only',
      severity: 'error',
      from: { path: '^(apps|tools|bench|libs|chain|contracts)/', pathNot: notTest },
      to: { path: '^libs/[^/]+/testing/' },
    },
    {
      name: 'library-through-its-index-from-outside',
      severity: 'error',
      from: { path: '^(apps|tools|bench)/' },
      to: { path: '^libs/[^/]+/(?!(testing/)?index\\.ts$)' },
    },
    {
      name: 'law-through-its-index',
      severity: 'error',
      from: { path: '^(apps|tools|bench|libs)/', pathNot: notTest },
      to: { path: '^(chain|contracts)/(?!index\\.ts$)' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.imports.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|bench/peers|libs/wasm-kernels/assembly)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
