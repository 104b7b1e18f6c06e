import { decode, decodeCoinbase, type Law, type StateClaim, validateStateProof } from '#chain';
import { type StateObjectPlace, stateObjectPlace } from '#contracts';
import { bytesToHex, equalBytes, hexToBytes } from '#crypto';
import { AppError, type Violation, violationToText } from '#errors';
import type { StateProofView } from '#wire';
import { badProof, staleProof, tooFewConfirmations } from './light-error.js';
import type { VerifyRequest } from './light-node.js';
import type { VerifiedHeaders } from './verified-headers.js';

/** Blocks a node may be behind the others. A proof of what was true long ago holds, too: it must not pass for now. */
const MAX_BEHIND = 2;

/** What a proof shows. */
export interface ProvenObject extends StateObjectPlace {
  /** The decoded object; undefined: there is none. */
  readonly value: unknown;
  readonly stateRoot: Uint8Array;
}

/** What was asked for. */
export interface ProofRequest {
  readonly place: StateObjectPlace;
  readonly confirmations: number;
}

/** Where the object asked for is. @throws AppError `light/bad-request` */
export function placeOf(request: VerifyRequest): StateObjectPlace {
  const place = stateObjectPlace(request);
  if (!place.ok) throw badRequest(place.violation);
  return place.value;
}

/**
 * Checks an answer against a header of the chosen chain: header -> coinbase -> state root -> object. What the answer
 * says of itself (header, height) is not used.
 * @throws AppError `light/bad-proof`, `light/too-few-confirmations`, `light/stale-proof`
 */
export function checkProof(
  law: Law,
  url: string,
  chain: VerifiedHeaders,
  { place, confirmations: wanted }: ProofRequest,
  view: StateProofView,
): ProvenObject {
  const confirmations = chain.height - view.height + 1;
  if (confirmations < wanted) throw tooFewConfirmations(url, confirmations, wanted);
  if (confirmations > wanted + MAX_BEHIND) throw staleProof(url, confirmations, wanted);
  const { merkleRoot } = chain.header(view.height);
  const coinbaseBytes = hexToBytes(view.coinbaseHex);
  const committed = law.crypto.sha256d(coinbaseBytes);
  if (!equalBytes(committed, merkleRoot)) {
    throw badProof(url, 'the coinbase is not the one its header commits to', {
      rule: 'block/merkle-root',
      merkleRoot: bytesToHex(merkleRoot),
      expected: bytesToHex(committed),
    });
  }
  const coinbase = decodeCoinbase(coinbaseBytes);
  if (!coinbase.ok) throw badProof(url, 'the coinbase does not decode', coinbase.violation);
  if (coinbase.value.height !== view.height) {
    const { height } = coinbase.value;
    throw badProof(url, 'the coinbase states another height', {
      rule: 'coinbase/height',
      height,
      expected: view.height,
    });
  }
  const bytes = view.valueHex === null ? undefined : hexToBytes(view.valueHex);
  const { stateRoot } = coinbase.value;
  const claim: StateClaim = {
    networkId: law.params.networkId,
    root: stateRoot,
    ...place,
    value: bytes,
  };
  const violation = validateStateProof(law.crypto, claim, hexToBytes(view.proofHex));
  if (violation !== undefined) throw badProof(url, 'the proof does not lead to the state root', violation);
  if (bytes === undefined) return { ...place, value: undefined, stateRoot };
  const value = decode(place.space.value, bytes);
  if (!value.ok) throw badProof(url, 'the object does not decode', value.violation);
  return { ...place, value: value.value, stateRoot };
}

function badRequest(violation: Violation): AppError {
  return new AppError({
    code: 'light/bad-request',
    message: `there is no such object to prove: ${violationToText(violation)}`,
    next: 'give the id exactly as it was printed',
    data: { violation },
  });
}
