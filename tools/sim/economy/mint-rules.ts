import { type BlockView, createLaw, type Law, MINT, type NetworkParams, PROOF_MINT } from '#chain';
import {
  burnFor,
  burnPriceOf,
  contractSpace,
  contractsModule,
  createNetworkLaw,
  prove,
  type StorageContract,
} from '#contracts';
import { nativeCrypto } from '#crypto-native';

/** Rules of how new coins come from stored data: the law's own, and those it was chosen over. */
export const MINT_RULES = ['law', 'naive', 'cap', 'average', 'repriced'] as const;
export type MintRuleId = (typeof MINT_RULES)[number];

/** What the rules are called in tables and plots. */
export const MINT_RULE_TITLES: Readonly<Record<MintRuleId, string>> = {
  law: 'the law (burn lots)',
  naive: 'nothing is burned; the includer of the first proof is minted what the law would have burned',
  cap: 'the same, at most the worth of two contracts of the farm in a block',
  average:
    'half of what the includer of the first proof is minted was burned: harmless if at most half of a farmer’s proofs fell into its own blocks',
  repriced: 'the includer of the first proof is minted the burn at the price of that day, not of the lot',
};

/** The same in a word or two. */
export const MINT_RULE_SHORT_TITLES: Readonly<Record<MintRuleId, string>> = {
  law: 'law',
  naive: 'naive',
  cap: 'cap alone',
  average: 'average share',
  repriced: 'price of the day',
};

/** Coins a proof mints to its includer beside what the law's lots mint. `contract` is as it was before the proof. */
type ExtraMint = (view: BlockView, contract: StorageContract) => bigint;

interface OtherRule {
  readonly adjust: (params: NetworkParams) => NetworkParams;
  readonly extra: ExtraMint;
}

/** Contracts' worth of mint that fit under the cap of one block. */
const CAPPED_CONTRACTS = 2n;
const WHOLE_BPS = 10_000n;

/** The burn the law would ask at the price the day begins with: what the other rules mint. */
function worthOf(price: bigint, contract: StorageContract): bigint {
  return burnFor(price, contract.totalBytes, contract.epochs);
}

const isFirst = (contract: StorageContract): boolean => contract.proven === 0;

function otherRule(rule: Exclude<MintRuleId, 'law'>, floorPrice: bigint): OtherRule {
  const burnsNothing = (params: NetworkParams) => ({
    ...params,
    mint: { ...params.mint, burnPerGiBEpoch: 0n },
  });
  // the lot mints its whole burn to the includer of the first proof
  const wholeInclusion = (params: NetworkParams) => ({
    ...params,
    mint: { ...params.mint, inclusionBps: WHOLE_BPS },
  });
  switch (rule) {
    case 'naive':
      return {
        adjust: burnsNothing,
        extra: (_view, contract) => (isFirst(contract) ? worthOf(floorPrice, contract) : 0n),
      };
    case 'cap':
      return {
        adjust: burnsNothing,
        extra: (view, contract) => {
          if (!isFirst(contract)) return 0n;
          const worth = worthOf(floorPrice, contract);
          const left = worth * CAPPED_CONTRACTS - view.balance(PROOF_MINT);
          if (left <= 0n) return 0n;
          return left < worth ? left : worth;
        },
      };
    case 'average':
      return {
        adjust: wholeInclusion,
        extra: (_view, contract) => (isFirst(contract) ? contract.burned : 0n),
      };
    case 'repriced':
      return {
        adjust: wholeInclusion,
        extra: (view, contract) => {
          if (!isFirst(contract)) return 0n;
          const risen = worthOf(burnPriceOf(view.params, view), contract) - contract.burned;
          return risen > 0n ? risen : 0n;
        },
      };
  }
}

/**
 * The network's law under a mint rule. `law` is the real one, untouched. Another rule is the real law with its own
 * figures for the burn and a `prove` that mints more once the real one has accepted the proof.
 */
export function createRuleLaw(params: NetworkParams, rule: MintRuleId): Law {
  if (rule === 'law') return createNetworkLaw(params, nativeCrypto, { checkInvariants: true });
  const { adjust, extra } = otherRule(rule, params.mint.burnPerGiBEpoch);
  const minting: typeof prove = {
    ...prove,
    apply(view, body, context) {
      const contract = view.get(contractSpace, body.contract);
      const violation = prove.apply(view, body, context);
      if (violation !== undefined || contract === undefined) return violation;
      view.mustMove(MINT, PROOF_MINT, extra(view, contract), 'mint-of-another-rule', body.contract);
      return undefined;
    },
  };
  const kinds = contractsModule.kinds.map((kind) => (kind.name === prove.name ? minting : kind));
  return createLaw(adjust(params), nativeCrypto, [{ ...contractsModule, kinds }]);
}
