import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { keepInputs } from './corpus.js';
import { type FuzzReport, runFuzz, tryInput } from './run-fuzz.js';
import { createFuzzTargets } from './targets/index.js';

/**
 * `npm run fuzz -- TARGET|all [--seconds N] [--inputs N] [--seed N] [--keep] [--replay FILE]`: mutated inputs for one
 * reader of foreign bytes, or for all of them in turn. `--keep` adds what was discovered to test/fuzz/corpus.
 */
const usage =
  'use: npm run fuzz -- TARGET|all [--seconds N] [--inputs N] [--seed N] [--keep] [--replay FILE]';

function reportToText({ target, inputs, seconds, slowestMs, outcomes, discovered }: FuzzReport): string {
  const rate = Math.round(inputs / Math.max(seconds, 0.001));
  const accepted = outcomes.get('accepted') ?? 0;
  return `${target.padEnd(28)} ${String(inputs).padStart(9)} inputs ${String(rate).padStart(8)}/s  ${accepted} accepted, ${outcomes.size} answers, ${discovered.length} new, slowest ${slowestMs.toFixed(1)} ms`;
}

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '10' },
      inputs: { type: 'string', default: 'Infinity' },
      seed: { type: 'string' },
      keep: { type: 'boolean', default: false },
      replay: { type: 'string' },
    },
  });
  const { targets, close } = await createFuzzTargets();
  try {
    const [name] = positionals;
    const chosen = name === 'all' ? targets : targets.filter((target) => target.name === name);
    if (chosen.length === 0) {
      const names = targets.map((target) => target.name).join(', ');
      process.stderr.write(`no fuzz target '${name ?? ''}'; ${usage}; TARGET is one of: ${names}\n`);
      return 2;
    }
    const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
    if (values.replay !== undefined) {
      const input = new Uint8Array(readFileSync(values.replay));
      for (const target of chosen)
        process.stdout.write(`${target.name}: ${await tryInput(target, input, seed)}\n`);
      return 0;
    }
    process.stdout.write(`seed ${seed}\n`);
    let total = 0;
    for (const target of chosen) {
      const budget = { seed, inputs: Number(values.inputs), milliseconds: Number(values.seconds) * 1_000 };
      const report = await runFuzz(target, budget);
      total += report.inputs;
      if (values.keep) keepInputs(target.name, report.discovered);
      process.stdout.write(`${reportToText(report)}\n`);
    }
    process.stdout.write(`${total} inputs over ${chosen.length} targets, no finding\n`);
    return 0;
  } finally {
    await close();
  }
}

process.exitCode = await main(process.argv.slice(2));
