import {
  accountIdToAddress,
  addressToAccountId,
  decode,
  decodeBlock,
  decodeCoinbase,
  decodeDiff,
  decodeHeader,
  encode,
  encodeBlock,
  encodeCoinbase,
  encodeDiff,
  encodeHeader,
  HEADER_BYTES,
  parseAccount,
  validateBody,
  validateHeader,
} from '#chain';
import { agreementSchema, type StorageProof, storageProofSchema, validateStorageProof } from '#contracts';
import { bytesToHex } from '#crypto';
import { accepted, refused } from '#errors';
import {
  challengeProof,
  createContractScenario,
  EMPTY_PROOF,
  proofOf,
  usualOffer,
} from '../../../contracts/testing/contract-scenario.js';
import { decoderTarget, FindingError, type FuzzTarget, textTarget } from '../fuzz-target.js';
import { transactionTarget } from './transaction-target.js';

const sameProof = (left: StorageProof, right: StorageProof): boolean =>
  bytesToHex(encode(storageProofSchema, left)) === bytesToHex(encode(storageProofSchema, right));

/** Everything the law itself reads: headers, coinbases, blocks, each kind of transaction, diffs, addresses, proofs. */
export function lawTargets(): readonly FuzzTarget[] {
  const scenario = createContractScenario({ epochs: 3, fragmentLengths: [1, 1_500, 4_000] });
  const { chain, terms } = scenario;
  const { law } = chain;
  const form = scenario.formTransaction();
  chain.mineBlock([form]);
  scenario.openWindow();
  const supplement = chain.supplement();
  const prove = scenario.proveTransaction();
  const block = chain.draft([chain.transfer(terms.client, terms.provider.account, 1n), prove]);
  const empty = chain.draft();
  const list = ['http://127.0.0.1:4000', 'http://bücher.example/'];
  const known = [
    chain.transfer(terms.client, terms.provider.account, 1n, { fee: 2n }),
    chain.sign(terms.client, 'endpoint', { addresses: list, owner: 'o', region: 'r', ttlBlocks: 9 }),
    chain.sign(terms.client, 'anchor', { slot: 'log', sequence: 1n, pointer: new Uint8Array(40) }),
    chain.sign(terms.provider, 'offer', usualOffer(terms.provider)),
    form,
    prove,
    scenario.endTransaction(),
  ];

  const transactions = known.map((sample) => transactionTarget(chain, [sample]));

  const right = proofOf(chain, terms, { draws: [0n, 3n], wanted: 2 });
  const window = scenario.contract.window;
  const target = {
    root: window?.root ?? new Uint8Array(32),
    leafCount: window?.leafCount ?? 0,
    draws: [0n, 3n],
    wanted: 2,
  };
  return [
    decoderTarget({
      name: 'header',
      samples: () => [block.bytes.slice(0, HEADER_BYTES), empty.bytes.slice(0, HEADER_BYTES)],
      decode: decodeHeader,
      encode: encodeHeader,
      use: (header) => validateHeader(law, header, supplement)?.rule ?? 'accepted',
    }),
    decoderTarget({
      name: 'coinbase',
      samples: () => [
        block.coinbaseBytes,
        chain.draft([], { coinbase: { extra: new Uint8Array(64) } }).coinbaseBytes,
      ],
      decode: decodeCoinbase,
      encode: encodeCoinbase,
    }),
    decoderTarget({
      name: 'block',
      samples: () => [block.bytes, empty.bytes, chain.at(2).block.bytes],
      decode: (input) => decodeBlock(law, input),
      encode: ({ header, coinbase, transactions: inside }) =>
        encodeBlock(
          header,
          encodeCoinbase(coinbase),
          inside.map(({ bytes }) => bytes),
        ),
      use: (value) => validateBody(law, value, supplement)?.rule ?? 'accepted',
    }),
    ...transactions,
    decoderTarget({
      name: 'diff',
      samples: () => [1, 2, 3, chain.height].map((height) => encodeDiff(chain.at(height).diff)),
      decode: (input) => decodeDiff(law.namespaces, input),
      encode: encodeDiff,
    }),
    decoderTarget({
      name: 'agreement',
      samples: () => [encode(agreementSchema, terms.agreement)],
      decode: (input) => decode(agreementSchema, input),
      encode: (value) => encode(agreementSchema, value),
    }),
    decoderTarget({
      name: 'storage-proof',
      samples: () =>
        [challengeProof(chain, terms), proofOf(chain, terms, target), EMPTY_PROOF].map((proof) =>
          encode(storageProofSchema, proof),
        ),
      decode: (input) => decode(storageProofSchema, input),
      encode: (value) => encode(storageProofSchema, value),
      use: (proof) => {
        const violation = validateStorageProof(law.crypto, target, proof);
        if (violation === undefined && !sameProof(proof, right))
          throw new FindingError('a second proof answers the same draws');
        return violation?.rule ?? 'accepted';
      },
    }),
    textTarget({
      name: 'address',
      samples: () => [
        accountIdToAddress(law.params, terms.client.account),
        accountIdToAddress(law.params, terms.client.account).toUpperCase(),
        terms.client.account,
      ],
      read: (text) => {
        const account = parseAccount(law.params, text);
        const read = account.ok ? accepted(account.value) : refused(account.violation);
        if (!read.ok) return read.violation.rule;
        const back = addressToAccountId(law.params, accountIdToAddress(law.params, read.value));
        if (!back.ok || back.value !== read.value) throw new FindingError('an account without an address');
        if (text.length !== 40 && accountIdToAddress(law.params, read.value) !== text.toLowerCase())
          throw new FindingError('one account has two addresses');
        return 'accepted';
      },
    }),
  ];
}
