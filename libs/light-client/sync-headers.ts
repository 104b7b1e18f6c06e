import { HEADER_BYTES, type Law } from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import { badHeader, otherGenesis } from './light-error.js';
import type { LightNode } from './light-node.js';
import type { VerifiedHeaders } from './verified-headers.js';

/** Most headers of one answer of the node's API. */
const PORTION = 2_000;
/** How far back the first question goes: most branches part near the tip. */
const FIRST_STEP_BACK = 20;

/** What checking headers needs. */
export interface HeaderSource {
  readonly law: Law;
  /** Seconds since 1970. */
  readonly clock: () => number;
}

/**
 * The chain of a node as far as its headers are valid, starting from headers known before. A node that tells headers
 * for ever cannot: each costs its work, and none may be ahead of the clock.
 * @throws AppError `light/bad-header`, `light/other-genesis`, what the node's client throws
 */
export async function followNode(
  { law, clock }: HeaderSource,
  node: LightNode,
  known: VerifiedHeaders,
): Promise<VerifiedHeaders> {
  const { headers, rest: first } = await findFork(law, node, known);
  let rest = first;
  for (;;) {
    const result = headers.append(rest, clock());
    if (!result.ok) throw badHeader(node.url, result.violation);
    rest = await ask(node, headers.height + 1);
    if (rest.length === 0) return headers;
  }
}

/** The known headers up to where the node's chain leaves them, and what the node has after that. */
async function findFork(
  law: Law,
  node: LightNode,
  known: VerifiedHeaders,
): Promise<{ headers: VerifiedHeaders; rest: Uint8Array }> {
  for (let step = FIRST_STEP_BACK; ; step *= 4) {
    const from = Math.max(0, known.height - step);
    const bytes = await ask(node, from);
    let same = 0;
    while (same * HEADER_BYTES < bytes.length && idOf(law, bytes, same) === known.idAt(from + same))
      same += 1;
    if (same > 0) return { headers: known.upTo(from + same - 1), rest: bytes.slice(same * HEADER_BYTES) };
    if (from === 0) {
      const found = bytes.length === 0 ? 'none' : idOf(law, bytes, 0);
      throw otherGenesis(node.url, found, known.idAt(0) ?? '');
    }
  }
}

async function ask(node: LightNode, fromHeight: number): Promise<Uint8Array> {
  const { hex } = await node.ledger.headers({ fromHeight, count: PORTION });
  const bytes = hexToBytes(hex);
  if (bytes.length % HEADER_BYTES !== 0 || bytes.length > PORTION * HEADER_BYTES)
    throw badHeader(node.url, {
      rule: 'node/headers-length',
      sizeBytes: bytes.length,
      headerBytes: HEADER_BYTES,
    });
  return bytes;
}

/** Id of a header by its bytes, whatever is in them. */
function idOf(law: Law, bytes: Uint8Array, index: number): string {
  const header = bytes.subarray(index * HEADER_BYTES, (index + 1) * HEADER_BYTES);
  return bytesToHex(law.crypto.sha256d(header).reverse());
}
