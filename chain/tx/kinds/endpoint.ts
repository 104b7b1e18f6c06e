import { bytes, height, list, struct, type TypeOf, text, u32 } from '../../codec/schema.js';
import { namespace } from '../../state/namespace.js';
import type { TxKind } from '../transaction.js';

const bodySchema = struct({
  /** Where the principal is reached: URLs or multiaddrs, best first. */
  addresses: list(text(200), 8),
  /** Declared owner, a part of the failure domain, and region: distinct ones are preferred. */
  owner: text(64),
  region: text(64),
  /** The record expires this many blocks after it is written. */
  ttlBlocks: u32,
});

export type EndpointBody = TypeOf<typeof bodySchema>;

const recordSchema = struct({
  publicKey: bytes(32),
  addresses: list(text(200), 8),
  owner: text(64),
  region: text(64),
  registeredAt: height,
  /** First height at which the record no longer holds. */
  expiresAt: height,
});

export type EndpointRecord = TypeOf<typeof recordSchema>;

/** Endpoint records by account id; the newest wins. */
export const endpointSpace = namespace('endpoint', 4, recordSchema);

const MAX_TTL_BLOCKS = 1_000_000;

/** A principal's signed record of where it is reached. */
export const endpoint: TxKind<'endpoint', EndpointBody> = {
  name: 'endpoint',
  code: 2,
  body: bodySchema,
  replay: 'sequence',
  validate(body) {
    if (body.ttlBlocks === 0 || body.ttlBlocks > MAX_TTL_BLOCKS) {
      return { rule: 'endpoint/ttl', ttlBlocks: body.ttlBlocks, max: MAX_TTL_BLOCKS };
    }
    if (body.addresses.some((address) => address.length === 0)) return { rule: 'endpoint/empty-address' };
    return undefined;
  },
  apply(view, body, context) {
    const { ttlBlocks, ...rest } = body;
    view.put(endpointSpace, context.account, {
      ...rest,
      // A copy: the sender's is a view into a whole block, and the state outlives that.
      publicKey: context.sender.slice(),
      registeredAt: view.height,
      expiresAt: view.height + ttlBlocks,
    });
    view.emit({
      type: 'object',
      name: 'endpoint/registered',
      subject: context.account,
      data: { addresses: body.addresses.join(' '), expiresAt: view.height + ttlBlocks },
    });
    return undefined;
  },
};
