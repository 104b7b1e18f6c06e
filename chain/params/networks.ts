import type { NetworkParams } from './network-params.js';

/** One coin in base units. */
export const COIN = 1_000_000_000n;

const DAY_BLOCKS = 1440;

/** The main network. */
export const mainnet: NetworkParams = {
  name: 'mainnet',
  networkId: 0x43_41_52_4e,
  addressPrefix: 'cairn',
  protocolVersion: 3,
  genesis: { timeSeconds: 1_798_761_600, allocations: [] },
  proofOfWork: {
    genesisBits: 0x1c00_ffff,
    limitBits: 0x1d00_ffff,
    blockSeconds: 60,
    adjustment: 'asert',
    halfLifeSeconds: 17_280,
  },
  limits: { maxBlockBytes: 2_000_000, maxTransactionBytes: 400_000, proofReserveBps: 5_000 },
  reward: {
    initialSubsidy: 10n * COIN,
    halvingBlocks: 4 * 365 * DAY_BLOCKS,
    maturityBlocks: 100,
    poolDrawDivisor: 1440n,
  },
  contract: {
    epochBlocks: DAY_BLOCKS,
    windowBlocks: DAY_BLOCKS / 6,
    proofDelayBlocks: 6,
    startDelayBlocks: 6,
    challenges: 4,
    strikes: 3,
    vestingBps: 1_000n,
    minCollateralBps: 5_000n,
    missSlashBps: 2_000n,
    slashBurnBps: 5_000n,
    settleDelayBlocks: 6,
    minEpochs: 1,
    maxEpochs: 3_650,
    maxLeaves: 8_192,
    maxSlotContracts: 256,
    revisionsPerEpoch: 1,
    repairBlocks: 3 * DAY_BLOCKS,
    bountyBps: 1_000n,
  },
  mint: {
    burnPerGiBEpoch: 100_000n,
    inclusionBps: 2_000n,
    burnPeriodBlocks: DAY_BLOCKS,
    burnTargetMiBEpochs: 1n << 20n,
  },
  failureDomain: 'subnet-owner',
};

/** The public test network: the main network's rules, worthless coins. */
export const testnet: NetworkParams = {
  ...mainnet,
  name: 'testnet',
  networkId: 0x54_53_54_4e,
  addressPrefix: 'tcairn',
  proofOfWork: { ...mainnet.proofOfWork, genesisBits: 0x1d00_ffff, limitBits: 0x1d7f_ffff },
};

/** A private network on one machine: whole lives of contracts in a minute, real proof of work on an easy target. */
export const devnet: NetworkParams = {
  ...mainnet,
  name: 'devnet',
  networkId: 0x44_45_56_4e,
  addressPrefix: 'dcairn',
  genesis: {
    timeSeconds: 1_790_000_000,
    // The faucet: its secret key is public (docs/protocol/networks.md).
    allocations: [
      {
        publicKey: 'dfaa80f66e19bfdb4f9bf7d8738e58b27a6454dbd269a64ffd13629aff3c2c87',
        amount: 10_000_000n * COIN,
      },
    ],
  },
  proofOfWork: {
    genesisBits: 0x1f0f_ffff,
    limitBits: 0x1f0f_ffff,
    blockSeconds: 1,
    adjustment: 'constant',
    halfLifeSeconds: 17_280,
  },
  reward: { ...mainnet.reward, initialSubsidy: 1n * COIN, maturityBlocks: 5, poolDrawDivisor: 60n },
  contract: {
    ...mainnet.contract,
    epochBlocks: 20,
    windowBlocks: 8,
    proofDelayBlocks: 2,
    startDelayBlocks: 2,
    challenges: 2,
    settleDelayBlocks: 2,
    repairBlocks: 60,
  },
  mint: { ...mainnet.mint, burnPeriodBlocks: 20 },
  failureDomain: 'provider',
};

/** All networks by name. */
export const NETWORKS = { mainnet, testnet, devnet } as const;

/** What the devnet faucet's secret key is derived from: SHA-256 of this text. Public on purpose. */
export const DEVNET_FAUCET_LABEL = 'cairn devnet faucet';
