/**
 * `npm run bench -- NAME [--json]`: measures one thing in one run and prints ratios.
 * To add a benchmark: a file here that exports a function returning a BenchReport, and a line in `benches`.
 */
import { type BenchReport, reportToJson, reportToTable } from './report.js';

/** Flags of a benchmark's own, besides --json. */
type Flags = ReadonlySet<string>;

const ownFlags: Readonly<Record<string, readonly string[]>> = { linear: ['--huge'] };

const benches: Readonly<Record<string, (flags: Flags) => Promise<BenchReport>>> = {
  contracts: async () => (await import('./contracts.js')).benchContracts(),
  erasure: async () => (await import('./erasure.js')).benchErasure(),
  get: async () => (await import('./put.js')).benchGet(),
  linear: async (flags) => (await import('./linear.js')).benchLinear(flags.has('--huge')),
  mine: async () => (await import('./mine.js')).benchMine(),
  pipeline: async () => (await import('./pipeline.js')).benchPipeline(),
  proof: async () => (await import('./proof.js')).benchProof(),
  put: async () => (await import('./put.js')).benchPut(),
  repair: async () => (await import('./repair.js')).benchRepair(),
  small: async () => (await import('./small.js')).benchSmall(),
  state: async () => (await import('./state.js')).benchState(),
  sync: async () => (await import('./sync.js')).benchSync(),
  validate: async () => (await import('./validate.js')).benchValidate(),
};

const usageExitCode = 2;

async function main(argv: readonly string[]): Promise<number> {
  const names = argv.filter((argument) => !argument.startsWith('--'));
  const [name = ''] = names;
  const flags = new Set(argv.filter((argument) => argument.startsWith('--')));
  const known = ['--json', ...(ownFlags[name] ?? [])];
  const unknownFlags = [...flags].filter((flag) => !known.includes(flag));
  if (names.length !== 1 || unknownFlags.length > 0 || !Object.hasOwn(benches, name)) {
    const problem = [...unknownFlags, ...names].join(' ') || 'no name';
    process.stderr.write(
      `cannot run '${problem}'; use: npm run bench -- NAME [--json], NAME one of: ${Object.keys(benches).join(', ')}\n`,
    );
    return usageExitCode;
  }
  const report = await (benches[name] as (flags: Flags) => Promise<BenchReport>)(flags);
  const text = flags.has('--json') ? reportToJson(name, report) : reportToTable(name, report);
  process.stdout.write(`${text}\n`);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
