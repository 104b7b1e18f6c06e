import type { FragmentId, KnownTransaction } from '#chain';
import { type Commitment, commitToLeaves, entriesToLeaves } from '#contracts';
import { bytesToHex } from '#crypto';
import { assertInvariant } from '#errors';
import { simAgreement, simForm, simNonce } from './agreements.js';
import type { Dataset } from './dataset.js';
import type { LawChain } from './law-chain.js';
import type { Party } from './party.js';

const FROM_HEIGHT = 30;
/** Contracts in the state at the end of a simulation must be over: the crowd stores for one epoch and stops in time. */
const BLOCKS = 288;
/** Two MiB-epochs a block: twice the target, so that the burn price rises by an eighth each period. */
const FRAGMENT_BYTES = 2 << 20;
const FARM_NUMBER = 3;

/**
 * People who register so much in every block that the burn price rises as fast as it may. They never prove: only their
 * demand matters here.
 */
export class Crowd {
  private readonly dataset: Dataset;

  constructor(
    private readonly chain: LawChain,
    private readonly client: Party,
    private readonly provider: Party,
  ) {
    const id = bytesToHex(chain.law.crypto.sha256(new Uint8Array(1))) as FragmentId;
    const entries = [{ id, lengthBytes: FRAGMENT_BYTES }];
    const leaves = entriesToLeaves(entries);
    assertInvariant(leaves.ok, 'the crowd has a valid fragment');
    const commitment: Commitment = commitToLeaves(chain.law.crypto, leaves.value);
    this.dataset = {
      entries,
      leaves: leaves.value,
      commitment,
      prove: () => {
        throw new Error('the crowd never proves');
      },
    };
  }

  /** Registrations for the block at `height`. */
  offerings(height: number): KnownTransaction[] {
    if (height < FROM_HEIGHT || height >= FROM_HEIGHT + BLOCKS) return [];
    const { chain, client, provider, dataset } = this;
    const nonce = simNonce(FARM_NUMBER, height, 0);
    const terms = { client, provider, dataset, epochs: 1, pricePerGiBEpoch: 0n, nonce };
    const body = simForm(chain, terms, simAgreement(chain, terms));
    return [chain.sign(client, 'form', body, { lane: height, sequence: 0n, fee: 0n })];
  }
}
