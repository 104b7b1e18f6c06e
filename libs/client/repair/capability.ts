import type { ContractId } from '#chain';
import { bytesToHex, concatBytes, taggedHash } from '#crypto';
import { isPlaced, type Manifest } from '#fragments';
import type { RepairCapability, RepairContent } from '#wire';
import type { ClientContext } from '../context.js';

/** What a file is called before its repairer: the same for every version of its manifest, and telling nothing of it. */
export function repairSubject(
  { crypto, params }: Pick<ClientContext, 'crypto' | 'params'>,
  manifest: Manifest,
): string {
  const first = manifest.segments[0]?.segmentId ?? new Uint8Array(16);
  return bytesToHex(taggedHash(crypto, 'cairn/repair-subject', params.networkId, manifest.repairKey, first));
}

/** Everything of a manifest but what opens it: no content key, no file hash, no size. */
export function manifestToRepairContent({ profile, repairKey, segments }: Manifest): RepairContent {
  const contracts: ContractId[] = [];
  const places = new Map<string, number>();
  const placeOf = (holder: Uint8Array): number => {
    if (!isPlaced(holder)) return 0;
    const id = bytesToHex(holder) as ContractId;
    const known = places.get(id);
    if (known !== undefined) return known;
    contracts.push(id);
    places.set(id, contracts.length);
    return contracts.length;
  };
  return {
    profile,
    repairKey,
    segments: segments.map(({ segmentId, fragmentLength, fragmentIds, holders }) => ({
      segmentId,
      fragmentLength,
      fragmentIds,
      holders: holders.map(placeOf),
    })),
    contracts,
  };
}

/** A capability of a manifest, or what takes it back. */
export function manifestToCapability(
  context: Pick<ClientContext, 'crypto' | 'params' | 'identity'>,
  manifest: Manifest,
  { repairerKey, number }: { readonly repairerKey: Uint8Array; readonly number: bigint },
): RepairCapability {
  return {
    clientKey: context.identity.wallet.publicKey,
    repairerKey,
    subject: repairSubject(context, manifest),
    number,
    content: manifestToRepairContent(manifest),
  };
}

/** Changes whenever a manifest would give another capability. Hex. */
export function repairDigest({ crypto }: Pick<ClientContext, 'crypto'>, manifest: Manifest): string {
  const parts = manifest.segments.flatMap(({ segmentId, holders }) => [segmentId, ...holders]);
  return bytesToHex(crypto.blake3(concatBytes(...parts)));
}
