import {
  type AccountId,
  bytes,
  height,
  hexId,
  namespace,
  struct,
  type TxKind,
  type TypeOf,
  u32,
  u63,
} from '#chain';

const terms = {
  /** Price of an epoch apart from its size: covers the cost of a proof. Base units. */
  basePerEpoch: u63,
  /** Base units per GiB and epoch. */
  pricePerGiBEpoch: u63,
  /** Base units per GiB read above the free bytes of an epoch and contract. */
  pricePerGiBRead: u63,
  freeReadBytesPerEpoch: u63,
  /** Collateral the provider locks, in 1/10000 of the whole price. */
  collateralBps: u32,
  minEpochs: u32,
  maxEpochs: u32,
  /** Bytes the provider is ready to hold in all; 0 withdraws the offer. */
  capacityBytes: u63,
  /** Where earnings go. */
  payout: hexId<AccountId>(20),
  /** First height at which the offer no longer holds. */
  expiresAt: height,
};

const bodySchema = struct(terms);
export type OfferBody = TypeOf<typeof bodySchema>;

const recordSchema = struct({
  ...terms,
  publicKey: bytes(32),
  /** Rises with every offer of the provider; agreements name it. */
  number: u63,
  publishedAt: height,
});
export type Offer = TypeOf<typeof recordSchema>;

/** Offers by provider account; the newest replaces the one before. */
export const offerSpace = namespace('offer', 12, recordSchema);

/** A provider's signed price sheet. */
export const offer: TxKind<'offer', OfferBody> = {
  name: 'offer',
  code: 10,
  body: bodySchema,
  replay: 'sequence',
  validate(body, _context, { params }) {
    const { minEpochs, maxEpochs } = params.contract;
    if (body.minEpochs < minEpochs || body.maxEpochs > maxEpochs || body.minEpochs > body.maxEpochs) {
      return {
        rule: 'offer/epochs',
        minEpochs: body.minEpochs,
        maxEpochs: body.maxEpochs,
        allowed: `${minEpochs} to ${maxEpochs}`,
      };
    }
    if (BigInt(body.collateralBps) < params.contract.minCollateralBps) {
      return {
        rule: 'offer/collateral',
        collateralBps: body.collateralBps,
        min: params.contract.minCollateralBps,
      };
    }
    return undefined;
  },
  apply(view, body, context) {
    if (body.expiresAt <= view.height) {
      return { rule: 'offer/expired', expiresAt: body.expiresAt, height: view.height };
    }
    const number = (view.get(offerSpace, context.account)?.number ?? 0n) + 1n;
    view.put(offerSpace, context.account, {
      ...body,
      // A copy: the sender's is a view into a whole block, and the state outlives that.
      publicKey: context.sender.slice(),
      number,
      publishedAt: view.height,
    });
    view.emit({
      type: 'object',
      name: 'offer/published',
      subject: context.account,
      data: { number, pricePerGiBEpoch: body.pricePerGiBEpoch, capacityBytes: body.capacityBytes },
    });
    return undefined;
  },
};
