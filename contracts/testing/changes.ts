import { collateralPot, type FragmentId, type KnownTransaction } from '#chain';
import { bytesToHex } from '#crypto';
import { assertInvariant } from '#errors';
import type { SigningOptions } from '../../chain/testing/memory-chain.js';
import type { Wallet } from '../../chain/testing/wallet.js';
import type { DropBody } from '../drop/drop.js';
import { dropLeaves } from '../drop/drop-leaves.js';
import { contractSpace, type StorageContract } from '../lifecycle/contract-object.js';
import { priceContract } from '../money/price.js';
import type { RedeemBody } from '../reads/redeem.js';
import { voucherSigningMessage } from '../reads/voucher.js';
import type { RenewBody } from '../renew/renew.js';
import { priceRevision } from '../revise/price-revision.js';
import { type ReviseBody, type Revision, revisionSigningMessage } from '../revise/revision.js';
import { type Agreement, agreementSigningMessage, contractIdOf } from '../terms/agreement.js';
import { appendToCommitment, entriesToLeaves, frontierOf } from '../terms/leaves.js';
import { ContractScenario, type ScenarioTerms } from './contract-scenario.js';

/** What a test may choose about a revision. */
export interface RevisionChoices {
  /** Fragments to append. */
  readonly appended?: readonly Uint8Array[];
  /** The whole term; as it is by default. */
  readonly epochs?: number;
  /** Fields of the revision that are not what they should be; both sides sign them all the same. */
  readonly changes?: Partial<Revision>;
  /** Fields of the body that are not what they should be. */
  readonly body?: Partial<ReviseBody>;
}

/** The scenario after an append: its fragments and leaves are those of the contract then. */
export function appended(scenario: ContractScenario, fragments: readonly Uint8Array[]): ContractScenario {
  const { chain, terms } = scenario;
  const leaves = entriesToLeaves(entriesOf(scenario, fragments), terms.leaves.at(-1)?.endChunk);
  assertInvariant(leaves.ok, 'the scenario needs fragments that can be appended');
  return new ContractScenario(chain, {
    ...terms,
    fragments: [...terms.fragments, ...fragments],
    leaves: [...terms.leaves, ...leaves.value],
  });
}

/** The scenario after a drop. */
export function dropped(scenario: ContractScenario, indexes: readonly number[]): ContractScenario {
  const { chain, terms } = scenario;
  const { leaves } = dropLeaves(chain.law.crypto, terms.leaves, indexes);
  return new ContractScenario(chain, { ...terms, leaves });
}

function entriesOf({ chain }: ContractScenario, fragments: readonly Uint8Array[]): ReviseBody['appended'] {
  return fragments.map((bytes) => ({
    id: bytesToHex(chain.law.crypto.blake3(bytes)) as FragmentId,
    lengthBytes: bytes.length,
  }));
}

/** A revision of the contract as it is, signed by both sides. */
export function reviseBody(scenario: ContractScenario, choices: RevisionChoices = {}): ReviseBody {
  const { chain, terms, contract } = scenario;
  const { crypto, params } = chain.law;
  const fragments = choices.appended ?? [];
  const { leaves } = appended(scenario, fragments).terms;
  const isAppending = fragments.length > 0;
  const frontier = isAppending ? frontierOf(crypto, terms.leaves) : [];
  const after = isAppending
    ? appendToCommitment(crypto, contract, frontier, leaves.slice(terms.leaves.length))
    : contract;
  const epochs = choices.epochs ?? contract.epochs;
  const { minCollateral } = priceRevision(params, contract, { ...after, epochs }, 0n);
  const lacking = minCollateral - chain.pot(collateralPot(scenario.id));
  const revision: Revision = {
    contract: scenario.id,
    number: contract.revision + 1,
    leafCount: after.leafCount,
    totalBytes: after.totalBytes,
    totalChunks: after.totalChunks,
    root: after.root,
    epochs,
    addReserve: 0n,
    addReadEscrow: 0n,
    addCollateral: lacking > 0n ? lacking : 0n,
    maxBurn: terms.agreement.maxBurn,
    ...choices.changes,
  };
  const message = revisionSigningMessage(crypto, params, revision);
  return {
    revision,
    appended: entriesOf(scenario, fragments),
    frontier,
    clientKey: terms.client.publicKey,
    providerKey: terms.provider.publicKey,
    clientSignature: crypto.sign(terms.client.secretKey, message),
    providerSignature: crypto.sign(terms.provider.secretKey, message),
    ...choices.body,
  };
}

/** The revision as either side publishes it: the client by default. */
export function reviseTransaction(
  scenario: ContractScenario,
  choices: RevisionChoices = {},
  sender: Wallet = scenario.terms.client,
  fee = 0n,
): KnownTransaction {
  return scenario.chain.sign(sender, 'revise', reviseBody(scenario, choices), unique(fee));
}

const unique = (fee: bigint): SigningOptions => ({ lane: 0, sequence: 0n, fee });

/** A drop of leaves by the client. */
export function dropTransaction(
  { chain, terms, id }: ContractScenario,
  indexes: readonly number[],
  body: Partial<DropBody> = {},
  options: SigningOptions = {},
  sender: Wallet = terms.client,
): KnownTransaction {
  const { dropped: leaves } = dropLeaves(chain.law.crypto, terms.leaves, indexes);
  return chain.sign(sender, 'drop', { contract: id, leaves, ...body }, options);
}

/** Terms of the contract that a scenario's contract goes on as, by the terms it was formed with. */
export function renewalTerms(
  { chain, terms, contract }: ContractScenario,
  changes: Partial<Agreement> = {},
): ScenarioTerms {
  const wanted: Agreement = {
    ...terms.agreement,
    nonce: new Uint8Array(16).fill(0x77),
    formBy: chain.height + 10,
    ...committed(contract),
    ...changes,
  };
  const { minCollateral } = priceContract(chain.law.params, wanted);
  const agreement = { ...wanted, collateral: changes.collateral ?? minCollateral };
  return { ...terms, agreement, id: contractIdOf(chain.law.crypto, chain.law.params, agreement) };
}

function committed(
  contract: StorageContract,
): Pick<Agreement, 'root' | 'leafCount' | 'totalBytes' | 'totalChunks'> {
  const { root, leafCount, totalBytes, totalChunks } = contract;
  return { root, leafCount, totalBytes, totalChunks };
}

/** A renewal, countersigned by the provider. */
export function renewTransaction(
  scenario: ContractScenario,
  changes: Partial<Agreement> = {},
  body: Partial<RenewBody> = {},
  options: SigningOptions = {},
  sender: Wallet = scenario.terms.client,
): KnownTransaction {
  const { chain, terms, id } = scenario;
  const { agreement } = renewalTerms(scenario, changes);
  const message = agreementSigningMessage(chain.law.crypto, chain.law.params, agreement);
  const providerSignature = chain.law.crypto.sign(terms.provider.secretKey, message);
  return chain.sign(sender, 'renew', { contract: id, agreement, providerSignature, ...body }, options);
}

/** The contract that a scenario's contract went on as. */
export function renewed(scenario: ContractScenario): ContractScenario {
  const { chain, terms, contract } = scenario;
  const id = contract.successor;
  assertInvariant(id !== undefined && chain.state.get(contractSpace, id) !== undefined, 'it was not renewed');
  return new ContractScenario(chain, { ...terms, id });
}

/** A read voucher of the contract, redeemed by the provider; signed by the client, which holds the ticket key. */
export function redeemTransaction(
  { chain, terms, id }: ContractScenario,
  total: bigint,
  body: Partial<RedeemBody> = {},
  sender: Wallet = terms.provider,
  fee = 0n,
): KnownTransaction {
  const { crypto, params } = chain.law;
  const message = voucherSigningMessage(crypto, params, { contract: id, total });
  const signature = crypto.sign(terms.client.secretKey, message);
  const whole = { contract: id, total, ticketKey: terms.client.publicKey, signature, ...body };
  return chain.sign(sender, 'redeem', whole, unique(fee));
}
