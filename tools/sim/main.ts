/**
 * `npm run sim -- economy|durability [--seed N] [--check]`: `economy` drives the real law with honest and hostile
 * strategies and writes docs/economy, `durability` lets providers come and go and writes docs/durability; `--check`
 * compares the committed documents in seconds.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { simulateDurability } from './durability/durability.js';
import { DEFAULT_SEED, simulateEconomy } from './economy/economy.js';

const USAGE = 'npm run sim -- economy|durability [--seed N] [--check]';
const SIMULATIONS = { economy: simulateEconomy, durability: simulateDurability } as const;
const usageExitCode = 2;

async function main(argv: string[]): Promise<number> {
  const projectRoot = fileURLToPath(new URL('../../../', import.meta.url));
  let seed: number;
  let isCheck: boolean;
  let simulate: (typeof SIMULATIONS)[keyof typeof SIMULATIONS];
  try {
    const options = { seed: { type: 'string' }, check: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
    const name = positionals.join(' ');
    if (!Object.hasOwn(SIMULATIONS, name)) throw new Error(`no simulation '${name}'`);
    simulate = SIMULATIONS[name as keyof typeof SIMULATIONS];
    seed = Number(values.seed ?? DEFAULT_SEED);
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new Error(`--seed takes a whole number, not '${values.seed}'`);
    isCheck = values.check === true;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}; use: ${USAGE}\n`);
    return usageExitCode;
  }
  const isRight = await simulate(projectRoot, { seed, isCheck }, (line) => process.stdout.write(`${line}\n`));
  return isRight ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
