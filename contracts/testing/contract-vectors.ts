import { devnet } from '#chain';
import { bytesToHex } from '#crypto';
import { transactionVector } from '../../chain/testing/ledger-vectors.js';
import { challengeSlot } from '../lifecycle/schedule.js';
import { drawChunks } from '../prove/challenge.js';
import { voucherSigningMessage } from '../reads/voucher.js';
import { revisionSigningMessage } from '../revise/revision.js';
import { agreementSigningMessage, encodeAgreement } from '../terms/agreement.js';
import { commitToLeaves, frontierOf, leafHash } from '../terms/leaves.js';
import {
  appended,
  dropped,
  dropTransaction,
  redeemTransaction,
  renewTransaction,
  reviseBody,
  reviseTransaction,
} from './changes.js';
import {
  type ContractScenario,
  createContractScenario,
  formBody,
  scenarioFragment,
  usualOffer,
} from './contract-scenario.js';

/** One transaction of each of the contracts' kinds, and what leads to them. */
export function contractVectors(): unknown {
  const scenario = createContractScenario({ params: devnet, epochs: 2, fragmentLengths: [1, 1024, 3_000] });
  const { chain, terms, id } = scenario;
  const { law } = chain;
  const offer = chain.sign(terms.provider, 'offer', usualOffer(terms.provider), { fee: 4n });
  const form = scenario.formTransaction({}, 5n);
  chain.mineBlock([form]);
  scenario.openWindow();
  const window = scenario.contract.window;
  const seed = {
    contract: id,
    epoch: 0,
    blockId: chain.at(scenario.challengeHeight()).block.id,
    totalChunks: terms.agreement.totalChunks,
  };
  return {
    fragments: terms.fragments,
    leaves: terms.leaves.map((leaf) => ({ ...leaf, hash: bytesToHex(leafHash(law.crypto, leaf)) })),
    agreement: terms.agreement,
    agreementBytes: encodeAgreement(terms.agreement),
    agreementSigningMessage: agreementSigningMessage(law.crypto, law.params, terms.agreement),
    contract: id,
    slot: challengeSlot(law, id),
    window,
    challenge: { ...seed, chunks: drawChunks(law.crypto, law.params, seed) },
    change: changeFigures(scenario),
    transactions: [
      transactionVector(law, terms.provider, offer),
      transactionVector(law, terms.client, form),
      transactionVector(law, terms.provider, scenario.proveTransaction({}, 6n)),
      transactionVector(law, terms.client, scenario.endTransaction()),
      ...changeVectors(scenario),
      ...repairVectors(scenario),
      transactionVector(law, terms.provider, redeemTransaction(scenario, 1_000n, {}, terms.provider, 9n)),
    ],
  };
}

const APPEND = {
  appended: [scenarioFragment(9, 2_000)],
  epochs: 3,
  changes: { addCollateral: 2_000_000n },
};

/** What both sides sign to change the contract, and the list's frontier before and leaves after each change. */
function changeFigures(scenario: ContractScenario): unknown {
  const { chain, terms, id } = scenario;
  const { crypto, params } = chain.law;
  const { revision } = reviseBody(scenario, APPEND);
  const voucher = { contract: id, total: 1_000n };
  const grown = appended(scenario, APPEND.appended).terms.leaves;
  const { leaves } = dropped(scenario, [2, 0]).terms;
  const hash = (leaf: (typeof leaves)[0]): string => bytesToHex(leafHash(crypto, leaf));
  return {
    revision,
    revisionSigningMessage: revisionSigningMessage(crypto, params, revision),
    frontier: frontierOf(crypto, terms.leaves),
    frontierAfterAppend: frontierOf(crypto, grown),
    voucher,
    voucherSigningMessage: voucherSigningMessage(crypto, params, voucher),
    leavesAfterDrop: leaves.map((leaf) => ({ ...leaf, hash: hash(leaf) })),
    commitmentAfterDrop: commitToLeaves(crypto, leaves),
  };
}

/** What the parties change about a contract while it is active. */
function changeVectors(scenario: ContractScenario): readonly unknown[] {
  const { chain, terms } = scenario;
  return [
    transactionVector(chain.law, terms.provider, reviseTransaction(scenario, APPEND, terms.provider, 7n)),
    transactionVector(chain.law, terms.client, dropTransaction(scenario, [2, 0], {}, { fee: 8n })),
    transactionVector(chain.law, terms.client, renewTransaction(scenario, { epochs: 5 })),
  ];
}

/** What keeps a contract going without its client: bytes and signatures only, this contract names no repairer. */
function repairVectors({ chain, terms, id }: ContractScenario): readonly unknown[] {
  const { law } = chain;
  const [repairer, holder] = [chain.wallet('repairer'), chain.wallet('holder')];
  const repair = { key: repairer.publicKey, maxBasePerEpoch: 2_000_000n, maxPricePerGiBEpoch: 3_000_000n };
  const agreement = {
    ...terms.agreement,
    providerKey: holder.publicKey,
    payout: holder.account,
    repair,
    maxBurn: 0n,
  };
  const body = formBody(chain, { ...terms, provider: holder, agreement });
  const { providerSignature } = body;
  return [
    transactionVector(
      law,
      repairer,
      chain.sign(repairer, 'replace', { contract: id, agreement, providerSignature }),
    ),
    transactionVector(law, terms.provider, chain.sign(terms.provider, 'skip', { contract: id, epoch: 1 })),
    transactionVector(law, terms.provider, chain.sign(terms.provider, 'drain', { contract: id })),
  ];
}
