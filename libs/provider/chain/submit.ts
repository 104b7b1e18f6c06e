import { encodeTransaction, signTransaction, transactionId, type UnsignedTransaction } from '#chain';
import { bytesToHex } from '#crypto';
import type { ProviderContext } from '../provider-context.js';

/** Lane of the provider process: the operator's CLI uses another, so that neither waits for the other. */
export const PROVIDER_LANE = 2;

/** Base units per byte that a node asks for at least. */
const FEE_PER_BYTE = 1n;

/** A signed transaction and the id it will have. */
export interface OwnTransaction {
  readonly id: string;
  readonly hex: string;
  readonly sizeBytes: number;
}

/** Signs a transaction; default: with the least fee its size asks for. The same body and fee give the same id. */
export function signOwn(
  context: ProviderContext,
  kind: string,
  body: unknown,
  options: { readonly lane: number; readonly sequence: bigint; readonly feePerByte?: bigint },
): OwnTransaction {
  const { keys, law } = context;
  const { lane, sequence, feePerByte = FEE_PER_BYTE } = options;
  const draft: UnsignedTransaction = { kind, body, lane, sequence, sender: keys.publicKey, fee: 0n };
  const sizeBytes = encodeTransaction(law, { ...draft, signature: new Uint8Array(64) }).length;
  const signed = signTransaction(law, { ...draft, fee: BigInt(sizeBytes) * feePerByte }, keys.secretKey);
  const bytes = encodeTransaction(law, signed);
  return { id: transactionId(law, bytes), hex: bytesToHex(bytes), sizeBytes };
}

/** Submits a numbered transaction in the provider's lane. */
export async function submitInLane(context: ProviderContext, kind: string, body: unknown): Promise<string> {
  const { sequence } = await context.ledger.nextSequence({ account: context.address, lane: PROVIDER_LANE });
  const numbering = { lane: PROVIDER_LANE, sequence: BigInt(sequence) };
  const { hex } = signOwn(context, kind, body, numbering);
  return (await context.ledger.submitTransaction({ hex })).id;
}
