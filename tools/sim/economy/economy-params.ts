import { COIN, mainnet, type NetworkParams } from '#chain';
import { bytesToHex } from '#crypto';
import type { Party } from './party.js';

/** Blocks of a simulated day: an epoch, the time the mint pool is drawn over. The main network's has 1440. */
export const DAY_BLOCKS = 288;

/** A failed contract's reserve waits as many days as on the main network. */
const REPAIR_DAYS = 3;

/** Base units burned for one KiB stored for one epoch: a tenth of a coin, so that rounding is nothing. */
export const BURN_PER_KIB_EPOCH = COIN / 10n;

/** Paid for every transaction; a miner's own blocks give it back to the miner. */
export const FEE = COIN / 500n;

/** Coins every party starts with; nobody runs out. */
export const START_COINS = 10_000_000n * COIN;

const KIB_IN_GIB = 1n << 20n;

/** A price per GiB of a price per KiB. */
export const perGiB = (perKiB: bigint): bigint => perKiB * KIB_IN_GIB;

/**
 * The main network's rules with a shorter day. What an attack depends on is the main network's own: the acceptance
 * window in blocks (how long a proof can be kept back or censored), draws, strikes, slashes, shares. The burn is dear
 * because the simulated fragments are small, and its price moves four times an epoch, so that it can move within a
 * contract's life. Proof of work is real; one hash in two meets the target.
 */
export function economyParams(parties: readonly Party[]): NetworkParams {
  return {
    ...mainnet,
    genesis: {
      ...mainnet.genesis,
      allocations: parties.map(({ publicKey }) => ({
        publicKey: bytesToHex(publicKey),
        amount: START_COINS,
      })),
    },
    proofOfWork: {
      ...mainnet.proofOfWork,
      genesisBits: 0x207f_ffff,
      limitBits: 0x207f_ffff,
      adjustment: 'constant',
    },
    reward: { ...mainnet.reward, poolDrawDivisor: BigInt(DAY_BLOCKS) },
    contract: { ...mainnet.contract, epochBlocks: DAY_BLOCKS, repairBlocks: REPAIR_DAYS * DAY_BLOCKS },
    mint: {
      ...mainnet.mint,
      burnPerGiBEpoch: perGiB(BURN_PER_KIB_EPOCH),
      burnPeriodBlocks: DAY_BLOCKS / 4,
      burnTargetMiBEpochs: 1n,
    },
  };
}
