/**
 * `npm run sim -- economy [--seed N] [--check]`: drives the real law with honest and hostile strategies and writes
 * docs/economy; `--check` compares the committed documents in seconds.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DEFAULT_SEED, simulateEconomy } from './economy/economy.js';

const USAGE = 'npm run sim -- economy [--seed N] [--check]';
const usageExitCode = 2;

async function main(argv: string[]): Promise<number> {
  const projectRoot = fileURLToPath(new URL('../../../', import.meta.url));
  let seed: number;
  let isCheck: boolean;
  try {
    const options = { seed: { type: 'string' }, check: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
    if (positionals.join(' ') !== 'economy') throw new Error(`no simulation '${positionals.join(' ')}'`);
    seed = Number(values.seed ?? DEFAULT_SEED);
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new Error(`--seed takes a whole number, not '${values.seed}'`);
    isCheck = values.check === true;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}; use: ${USAGE}\n`);
    return usageExitCode;
  }
  const isRight = await simulateEconomy(projectRoot, { seed, isCheck }, (line) =>
    process.stdout.write(`${line}\n`),
  );
  return isRight ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
