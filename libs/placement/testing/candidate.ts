import type { Candidate, Standing } from '../score.js';

/** What a candidate in a test differs by; prices and bytes in base units and bytes. */
export interface CandidateShape {
  readonly provider?: string;
  readonly price?: bigint;
  readonly base?: bigint;
  readonly capacity?: bigint;
  readonly used?: bigint;
  readonly minEpochs?: number;
  readonly maxEpochs?: number;
  readonly offerExpires?: number;
  readonly endpointExpires?: number;
  readonly addresses?: readonly string[];
  readonly owner?: string;
  readonly region?: string;
  readonly standing?: Standing;
}

/** A provider at a fixed price with room enough. */
export function candidate(shape: CandidateShape = {}): Candidate {
  const provider = shape.provider ?? 'a'.repeat(40);
  const shared = { address: `address of ${provider}`, publicKey: '00'.repeat(32) };
  return {
    offer: {
      ...shared,
      provider,
      number: '1',
      basePerEpoch: String(shape.base ?? 0n),
      pricePerGiBEpoch: String(shape.price ?? 1_000n),
      pricePerGiBRead: '0',
      freeReadBytesPerEpoch: '0',
      collateralBps: 10_000,
      minEpochs: shape.minEpochs ?? 1,
      maxEpochs: shape.maxEpochs ?? 100,
      capacityBytes: String(shape.capacity ?? 1_000_000n),
      usedBytes: String(shape.used ?? 0n),
      payout: shared.address,
      publishedAt: 1,
      expiresAt: shape.offerExpires ?? 1_000,
    },
    endpoint: {
      ...shared,
      principal: provider,
      addresses: [...(shape.addresses ?? ['http://10.0.0.1:80'])],
      owner: shape.owner ?? '',
      region: shape.region ?? '',
      registeredAt: 1,
      expiresAt: shape.endpointExpires ?? 1_000,
    },
    ...(shape.standing === undefined ? {} : { standing: shape.standing }),
  };
}
