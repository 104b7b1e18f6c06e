import { MAX_U63 } from '#chain';
import { EASY, type RuleVectorFile, VectorBook, vectorParams } from '../../../chain/testing/rules/index.js';
import { contractsModule } from '../../module.js';
import { voucherSigningMessage } from '../../reads/voucher.js';
import { redeemTransaction, renewTransaction } from '../changes.js';
import { type ContractScenario, createContractScenario } from '../contract-scenario.js';

/** A provider cashes read vouchers. */
export function redeemRules(): RuleVectorFile {
  const book = new VectorBook([contractsModule]);
  book.network('easy', EASY);
  const scenario = reading(book, 'reads');
  parties(book, scenario);
  totals(book, scenario);
  over(book);
  return book.finish();
}

function reading(book: VectorBook, name: string): ContractScenario {
  const scenario = createContractScenario({ params: vectorParams(EASY), fragmentLengths: [9] });
  book.adopt(name, 'easy', scenario.chain);
  scenario.chain.mineBlock([scenario.formWith({ readEscrow: 1_000n })]);
  return scenario;
}

function parties(book: VectorBook, scenario: ContractScenario): void {
  const { chain, terms, id } = scenario;
  const { crypto, params } = chain.law;
  const { client, provider } = terms;
  const signature = (contract: string, total: bigint, network = params, wallet = client): Uint8Array =>
    crypto.sign(
      wallet.secretKey,
      voucherSigningMessage(crypto, network, { contract: contract as never, total }),
    );
  const ask = (
    rule: string,
    verdict: 'accept' | 'refuse',
    why: string,
    body: object,
    sender = provider,
  ): void => book.block(rule, verdict, why, chain, [redeemTransaction(scenario, 700n, body, sender)]);
  ask('tx/signature', 'accept', 'a voucher of this contract', {});
  ask('tx/signature', 'refuse', 'a voucher of another contract', {
    signature: signature('ab'.repeat(32), 700n),
  });
  ask('tx/signature', 'refuse', 'a voucher of another network', {
    signature: signature(id, 700n, { ...params, networkId: 1 }),
  });
  ask('tx/signature', 'refuse', 'a voucher of another total', { signature: signature(id, 699n) });
  ask('redeem/no-contract', 'accept', 'of a contract that is there', {});
  const unknown = 'ab'.repeat(32);
  ask('redeem/no-contract', 'refuse', 'of a contract that is not', {
    contract: unknown,
    signature: signature(unknown, 700n),
  });
  ask('redeem/not-provider', 'accept', 'by the provider', {});
  ask('redeem/not-provider', 'refuse', 'by the client', {}, client);
  ask('redeem/not-provider', 'refuse', 'by a stranger', {}, chain.faucet());
  ask('redeem/key', 'accept', 'signed by the ticket key', {});
  ask('redeem/key', 'refuse', 'signed by the provider itself', {
    ticketKey: provider.publicKey,
    signature: signature(id, 700n, params, provider),
  });
}

function totals(book: VectorBook, scenario: ContractScenario): void {
  const { chain } = scenario;
  const ask = (rule: string, verdict: 'accept' | 'refuse', why: string, ...of: readonly bigint[]): void =>
    book.block(
      rule,
      verdict,
      why,
      chain,
      of.map((total) => redeemTransaction(scenario, total)),
    );
  ask('redeem/total', 'accept', 'the first unit', 1n);
  ask('redeem/total', 'refuse', 'nothing', 0n);
  ask('redeem/total', 'accept', 'two in one block that rise', 300n, 301n);
  ask('redeem/total', 'refuse', 'two in one block that do not', 300n, 299n);
  ask('redeem/uncovered', 'accept', 'all that is locked', 1_000n);
  ask('redeem/uncovered', 'refuse', 'one more than is locked', 1_001n);
  ask('redeem/uncovered', 'refuse', '2^63 - 1', MAX_U63);
  const paid = redeemTransaction(scenario, 700n);
  chain.mineBlock([paid]);
  book.block('redeem/total', 'refuse', 'the same bytes again', chain, [paid]);
  ask('redeem/total', 'refuse', 'less than was paid', 699n);
  ask('redeem/total', 'accept', 'one more than was paid', 701n);
  ask('redeem/uncovered', 'accept', 'all that is left', 1_000n);
  ask('redeem/uncovered', 'refuse', 'one more than is left', 1_001n);
}

/** Once a contract is over its vouchers are worth nothing: what was locked has returned to the client. */
function over(book: VectorBook): void {
  const ended = reading(book, 'ended-reads');
  ended.chain.mineBlock([ended.endTransaction()]);
  const voucher = redeemTransaction(ended, 600n);
  while (ended.contract.dueAt > ended.chain.height + 1) ended.chain.mineBlock();
  book.block('redeem/not-active', 'accept', 'in the block that settles the contract', ended.chain, [voucher]);
  ended.chain.mineBlock();
  book.block('redeem/not-active', 'refuse', 'in the block after', ended.chain, [voucher]);
  const renewing = reading(book, 'renewed-reads');
  const renewal = renewTransaction(renewing);
  const late = redeemTransaction(renewing, 600n);
  book.block('redeem/not-active', 'accept', 'before a renewal in one block', renewing.chain, [late, renewal]);
  book.block('redeem/not-active', 'refuse', 'after a renewal in one block', renewing.chain, [renewal, late]);
}
