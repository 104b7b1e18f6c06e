import { encodeTransaction, signTransaction, type UnsignedTransaction } from '#chain';
import { bytesToHex } from '#crypto';
import type { ProviderContext } from '../provider-context.js';

/** Lane of the provider process: the operator's CLI uses another, so that neither waits for the other. */
export const PROVIDER_LANE = 2;

/** Base units per byte that a node asks for at least. */
const FEE_PER_BYTE = 1n;

/** Signs a transaction with the least fee its size asks for, and hands it to the node. */
export async function submitOwn(
  context: ProviderContext,
  kind: string,
  body: unknown,
  numbering: { readonly lane: number; readonly sequence: bigint },
): Promise<string> {
  const { keys, law, ledger } = context;
  const draft: UnsignedTransaction = { kind, body, ...numbering, sender: keys.publicKey, fee: 0n };
  const sizeBytes = encodeTransaction(law, { ...draft, signature: new Uint8Array(64) }).length;
  const signed = signTransaction(law, { ...draft, fee: BigInt(sizeBytes) * FEE_PER_BYTE }, keys.secretKey);
  const { id } = await ledger.submitTransaction({ hex: bytesToHex(encodeTransaction(law, signed)) });
  return id;
}

/** Submits a numbered transaction in the provider's lane. */
export async function submitInLane(context: ProviderContext, kind: string, body: unknown): Promise<string> {
  const { sequence } = await context.ledger.nextSequence({ account: context.address, lane: PROVIDER_LANE });
  return submitOwn(context, kind, body, { lane: PROVIDER_LANE, sequence: BigInt(sequence) });
}
