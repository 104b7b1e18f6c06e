import { describe, expect, test } from '@jest/globals';
import { mainnet } from '../params/networks.js';
import { POOL, rewardPot } from '../state/pots.js';
import { createMemoryChain, fastDevnet } from '../testing/memory-chain.js';
import { rewardSpace } from './reward.js';
import { blockSubsidy } from './subsidy.js';

const { maturityBlocks, initialSubsidy } = fastDevnet.reward;

describe('rewards', () => {
  test('a reward is locked until it matures, at the end of the block `maturityBlocks` later', () => {
    const chain = createMemoryChain();
    chain.mineBlock();
    chain.mineTo(maturityBlocks);
    expect(chain.balance(chain.miner)).toBe(0n);
    expect(chain.pot(rewardPot(1))).toBe(initialSubsidy);
    expect(chain.state.get(rewardSpace, '1')).toEqual({ miner: chain.miner.account });
    const spend = chain.transfer(chain.miner, chain.faucet().account, 1n);
    expect(chain.template([spend]).refusals[0]?.violation).toMatchObject({ rule: 'coins/too-little' });
    chain.mineBlock();
    expect(chain.balance(chain.miner)).toBe(initialSubsidy);
    expect(chain.pot(rewardPot(1))).toBe(0n);
    expect(chain.state.get(rewardSpace, '1')).toBeUndefined();
    chain.mineBlock([spend]);
  });

  test('the miner named in the coinbase is paid, fees included', () => {
    const chain = createMemoryChain();
    const lucky = chain.wallet('lucky');
    const transfer = chain.transfer(chain.faucet(), chain.miner.account, 5n, { fee: 9n });
    expect(chain.add(chain.draft([transfer], { coinbase: { miner: lucky.account } })).ok).toBe(true);
    chain.mineTo(1 + maturityBlocks);
    expect(chain.balance(lucky)).toBe(initialSubsidy + 9n);
    chain.mineBlock([chain.transfer(lucky, chain.miner.account, initialSubsidy)]);
  });

  test('the subsidy halves every `halvingBlocks` and ends', () => {
    const { halvingBlocks } = mainnet.reward;
    const whole = mainnet.reward.initialSubsidy;
    expect(blockSubsidy(mainnet, 0)).toBe(0n);
    expect(blockSubsidy(mainnet, 1)).toBe(whole);
    expect(blockSubsidy(mainnet, halvingBlocks - 1)).toBe(whole);
    expect(blockSubsidy(mainnet, halvingBlocks)).toBe(whole / 2n);
    expect(blockSubsidy(mainnet, 2 * halvingBlocks)).toBe(whole / 4n);
    expect(blockSubsidy(mainnet, 40 * halvingBlocks)).toBe(0n);
    expect(blockSubsidy(mainnet, 100 * halvingBlocks)).toBe(0n);
  });

  test('halving on a chain, and blocks without any reward once the subsidy has ended', () => {
    const reward = { ...fastDevnet.reward, initialSubsidy: 3n, halvingBlocks: 4 };
    const chain = createMemoryChain([], { ...fastDevnet, reward });
    chain.mineTo(20);
    expect(chain.balance(chain.miner)).toBe(3n * 3n + 4n);
    const { minted, burned, held } = chain.audit();
    expect(held).toBe(minted - burned);
    expect(chain.pot(POOL)).toBe(0n);
    expect([...chain.state.entries(rewardSpace)]).toEqual([]);
  });
});
