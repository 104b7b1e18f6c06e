import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import type { ContractId } from '#chain';
import { devnet } from '#chain';
import { hexToBytes, nobleCrypto } from '#crypto';
import { toVectorJson } from '../../chain/testing/vector-file.js';
import { openVerdict, type VerdictAnswer, verifyNegotiationAsk } from './negotiation.js';
import { providerApiVectors } from './testing/provider-api-vectors.js';
import { openVoucher } from './voucher.js';

const text = readFileSync(new URL('../../../libs/wire/vectors/provider-api.json', import.meta.url), 'utf8');
const vectors = JSON.parse(text) as {
  secretKeys: { client: string; provider: string; tickets: string };
  verdicts: { answer: VerdictAnswer; value: { state: string } }[];
  ask: { contract: ContractId; timeMs: number; bytes: string };
  voucher: { value: { contract: ContractId; total: string }; bytes: string };
};
const publicKey = (secretKey: string) => nobleCrypto.publicKey(hexToBytes(secretKey));

test('libs/wire/vectors/provider-api.json is what this code makes', () => {
  expect(toVectorJson(providerApiVectors())).toBe(text);
});

test('signed verdicts, questions and vouchers are read back, and by nobody else’s key', () => {
  const { ask, voucher, secretKeys } = vectors;
  const { contract } = ask;
  const providerKey = publicKey(secretKeys.provider);
  for (const { answer, value } of vectors.verdicts) {
    const expected = { providerKey, contract };
    expect(openVerdict(nobleCrypto, devnet, answer, expected)?.state).toBe(value.state);
    const other = { ...expected, providerKey: publicKey(secretKeys.client) };
    expect(openVerdict(nobleCrypto, devnet, answer, other)).toBeUndefined();
  }
  const bytes = hexToBytes(ask.bytes);
  const client = publicKey(secretKeys.client);
  expect(verifyNegotiationAsk(nobleCrypto, devnet, contract, bytes, client)).toBe(ask.timeMs);
  expect(verifyNegotiationAsk(nobleCrypto, devnet, contract, bytes, providerKey)).toBeUndefined();
  const ticketKey = publicKey(secretKeys.tickets);
  const paid = hexToBytes(voucher.bytes);
  expect(openVoucher(nobleCrypto, devnet, paid, { contract, ticketKey })?.voucher.total).toBe(123_456n);
  expect(openVoucher(nobleCrypto, devnet, paid.slice(1), { contract, ticketKey })).toBeUndefined();
});
