import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { COIN, NETWORKS, type NetworkParams } from '#chain';

const page = readFileSync(new URL('../../../docs/protocol/networks.md', import.meta.url), 'utf8');

const grouped = (value: number | bigint): string => value.toLocaleString('en-US');
const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;
const percent = (bps: number | bigint): string => `${Number(bps) / 100}%`;
const coins = (amount: bigint): string => `${grouped(amount / COIN)} coin${amount === COIN ? '' : 's'}`;

/** What each row of the table says about a network, by the row's beginning. */
const rows: readonly (readonly [string, (params: NetworkParams) => string])[] = [
  ['network id', (p) => hex(p.networkId)],
  ['address prefix', (p) => `\`${p.addressPrefix}\``],
  ['protocol version', (p) => String(p.protocolVersion)],
  ['genesis time', (p) => grouped(p.genesis.timeSeconds)],
  [
    'genesis allocation',
    ({ genesis }) => {
      const sum = genesis.allocations.reduce((total, { amount }) => total + amount, 0n);
      return sum === 0n ? 'none' : `${coins(sum)} to the faucet`;
    },
  ],
  ['block time', ({ proofOfWork: { blockSeconds } }) => `${blockSeconds} s`],
  [
    'difficulty',
    ({ proofOfWork: { adjustment, halfLifeSeconds } }) =>
      adjustment === 'constant' ? 'constant' : `ASERT, half-life ${grouped(halfLifeSeconds)} s`,
  ],
  ['genesis bits', (p) => hex(p.proofOfWork.genesisBits)],
  ['easiest bits', (p) => hex(p.proofOfWork.limitBits)],
  ['block size', (p) => `${grouped(p.limits.maxBlockBytes)} bytes`],
  ['transaction size', (p) => `${grouped(p.limits.maxTransactionBytes)} bytes`],
  ['share of a block for proofs', (p) => percent(p.limits.proofReserveBps)],
  ['subsidy', (p) => coins(p.reward.initialSubsidy)],
  ['halving', (p) => `every ${grouped(p.reward.halvingBlocks)} blocks`],
  ['maturity of a reward', (p) => String(p.reward.maturityBlocks)],
  ['pool draw per block', (p) => `pool / ${grouped(p.reward.poolDrawDivisor)}`],
  ['epoch L', (p) => grouped(p.contract.epochBlocks)],
  ['window W', (p) => String(p.contract.windowBlocks)],
  ['proofs from challenge +', (p) => String(p.contract.proofDelayBlocks)],
  ['first epoch from registration +', (p) => String(p.contract.startDelayBlocks)],
  ['settlement after end + W +', (p) => String(p.contract.settleDelayBlocks)],
  ['draws per challenge', (p) => String(p.contract.challenges)],
  ['misses that fail', (p) => String(p.contract.strikes)],
  ['epochs of a contract', (p) => `${p.contract.minEpochs} to ${grouped(p.contract.maxEpochs)}`],
  ['fragments of a contract', (p) => grouped(p.contract.maxLeaves)],
  ['contracts of one list', (p) => String(p.contract.maxSlotContracts)],
  ['revisions per contract', (p) => String(p.contract.revisionsPerEpoch)],
  ['reserve waits', (p) => grouped(p.contract.repairBlocks)],
  ['bounty of a replacement', (p) => percent(p.contract.bountyBps)],
  ['vested share', (p) => percent(p.contract.vestingBps)],
  ['collateral, at least', (p) => `${percent(p.contract.minCollateralBps)} of the whole price`],
  ['slashed per miss', (p) => `${percent(p.contract.missSlashBps)} of the collateral left`],
  ['burned of what is slashed', (p) => `${percent(p.contract.slashBurnBps)}, rounded up`],
  ['burn per GiB and epoch', (p) => `${grouped(p.mint.burnPerGiBEpoch)} units`],
  ['burn price moves', (p) => `every ${grouped(p.mint.burnPeriodBlocks)} blocks`],
  ['burn target', (p) => grouped(p.mint.burnTargetMiBEpochs)],
  ['miner’s share of a lot', (p) => percent(p.mint.inclusionBps)],
  [
    'failure domain',
    (p) => (p.failureDomain === 'provider' ? 'provider' : p.failureDomain.replaceAll('-', ', ')),
  ],
];

/** A cell without the words that only explain. */
function plain(cell: string): string {
  const figure = cell.startsWith('every') ? cell : cell.replace(/ blocks$/, '');
  return figure.replace(', paced by the miner', '');
}

describe('networks.md', () => {
  const table = [...page.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)]
    .map(([, name, ...cells]) => ({ name: (name as string).replaceAll("'", '’'), cells }))
    .filter(({ name }) => !name.startsWith('-') && name.trim() !== '');

  test('has one row for every value and no other', () => {
    const named = table.map(
      ({ name }) => rows.find(([beginning]) => name.startsWith(beginning))?.[0] ?? name,
    );
    expect(named).toEqual(rows.map(([beginning]) => beginning));
  });

  test.each(rows)('%s is what the code says', (beginning, say) => {
    const row = table.find(({ name }) => name.startsWith(beginning));
    const [mainnet = '', ...others] = row?.cells ?? [];
    const cells = [mainnet, ...others.map((cell) => (cell === 'same' ? mainnet : (cell ?? '')))].map(plain);
    expect(cells).toEqual([NETWORKS.mainnet, NETWORKS.testnet, NETWORKS.devnet].map(say));
  });

  test('names every field of the type', () => {
    // A parameter that is in no row would be a rule that nobody wrote down.
    const fields = (value: unknown): number =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.values(value).reduce<number>((sum, inner) => sum + fields(inner), 0)
        : 1;
    // `name` is the column; adjustment and half-life share a row, the least and the most epochs another.
    expect(fields(NETWORKS.mainnet)).toBe(rows.length + 3);
  });
});
