import {
  bytes,
  type ContractId,
  decode,
  encode,
  hexId,
  list,
  type NetworkParams,
  optional,
  struct,
  type TypeOf,
  u16,
  u32,
  u63,
} from '#chain';
import { bytesToHex, type CryptoPort, concatBytes, taggedMessage } from '#crypto';
import { accepted, InvariantError, type Result, refused, type Violation, violationToText } from '#errors';
import {
  chunkBytes,
  contractIdBytes,
  fragmentIdBytes,
  keyBytes,
  maxFragmentSizeBytes,
  maxFragmentsPerSegment,
  segmentIdBytes,
  validateProfile,
} from '#fragments';

/** The only form of a capability so far. */
export const REPAIR_CAPABILITY_VERSION = 1;
/** Contracts one file may be spread over: holders are numbered in 16 bits, 0 is nobody. */
const MAX_CONTRACTS = 65_535;
const MAX_SEGMENTS = 1 << 20;
const SIGNATURE_BYTES = 64;

const segmentSchema = struct({
  segmentId: bytes(segmentIdBytes),
  fragmentLength: u32,
  fragmentIds: list(bytes(fragmentIdBytes), maxFragmentsPerSegment),
  /** Place in `contracts`, counted from 1; 0 where a fragment is not placed. */
  holders: list(u16, maxFragmentsPerSegment),
});

const contentSchema = struct({
  profile: struct({ k: u16, repairBelow: u16, n: u16 }),
  repairKey: bytes(keyBytes),
  contracts: list(hexId<ContractId>(contractIdBytes), MAX_CONTRACTS),
  segments: list(segmentSchema, MAX_SEGMENTS),
});

const capabilitySchema = struct({
  clientKey: bytes(32),
  repairerKey: bytes(32),
  subject: hexId<string>(32),
  number: u63,
  content: optional(contentSchema),
});

/**
 * What a repairer may do for a stored file: everything that rebuilding its fragments needs and nothing that reading it does
 * (docs/protocol/repair.md). Without content it takes back what was given before.
 */
export type RepairCapability = TypeOf<typeof capabilitySchema>;
export type RepairContent = TypeOf<typeof contentSchema>;
export type RepairSegment = TypeOf<typeof segmentSchema>;

/** A capability with its client's signature. */
export interface SignedRepairCapability {
  readonly capability: RepairCapability;
  /** Version, body, signature: what travels and what is kept. */
  readonly bytes: Uint8Array;
}

const messageOf = (crypto: CryptoPort, params: NetworkParams, unsigned: Uint8Array): Uint8Array =>
  taggedMessage(crypto, 'cairn/repair-capability', params.networkId, unsigned);

/** Signs a capability with the client's wallet key. One that would not decode again is our fault: InvariantError. */
export function signRepairCapability(
  crypto: CryptoPort,
  params: NetworkParams,
  capability: RepairCapability,
  walletSecretKey: Uint8Array,
): SignedRepairCapability {
  const violation = validateRepairCapability(capability);
  if (violation !== undefined)
    throw new InvariantError(`capability not signed: ${violationToText(violation)}`);
  const unsigned = encodeUnsigned(capability);
  const signature = crypto.sign(walletSecretKey, messageOf(crypto, params, unsigned));
  return { capability, bytes: concatBytes(unsigned, signature) };
}

/** The capability of its bytes, or what is wrong with them; who signed it is checked by `verifyRepairCapability`. */
export function decodeRepairCapability(source: Uint8Array): Result<SignedRepairCapability> {
  const version = source[0];
  if (version !== REPAIR_CAPABILITY_VERSION)
    return refused({ rule: 'repair/version', version, allowed: String(REPAIR_CAPABILITY_VERSION) });
  if (source.length <= 1 + SIGNATURE_BYTES)
    return refused({ rule: 'repair/malformed', lengthBytes: source.length });
  const body = decode(capabilitySchema, source.subarray(1, source.length - SIGNATURE_BYTES));
  if (!body.ok) return refused({ rule: 'repair/malformed', why: body.violation.rule });
  const violation = validateRepairCapability(body.value);
  return violation === undefined ? accepted({ capability: body.value, bytes: source }) : refused(violation);
}

/** The bytes of a signed capability again, for tests of the form: body and signature as they were. */
export function encodeRepairCapability({ capability, bytes: source }: SignedRepairCapability): Uint8Array {
  return concatBytes(encodeUnsigned(capability), source.subarray(source.length - SIGNATURE_BYTES));
}

/** Whether the client that a capability names signed it. */
export function verifyRepairCapability(
  crypto: CryptoPort,
  params: NetworkParams,
  { capability, bytes: source }: SignedRepairCapability,
): boolean {
  const cut = source.length - SIGNATURE_BYTES;
  return crypto.verify({
    publicKey: capability.clientKey,
    message: messageOf(crypto, params, source.subarray(0, cut)),
    signature: source.subarray(cut),
  });
}

/** The first thing wrong with a capability, or undefined. Contracts are listed in the order in which segments name them. */
export function validateRepairCapability({ content }: RepairCapability): Violation | undefined {
  if (content === undefined) return undefined;
  const { profile, contracts, segments } = content;
  const shape = validateProfile(profile);
  if (shape !== undefined) return { rule: 'repair/profile', field: shape.field, value: shape.value };
  if (segments.length === 0) return { rule: 'repair/no-segments' };
  const seen = new Set<string>();
  let named = 0;
  for (const [index, segment] of segments.entries()) {
    const violation = validateSegment(segment, profile.n);
    if (violation !== undefined) return { ...violation, segmentIndex: index };
    const ids = [segment.segmentId, ...segment.fragmentIds].map(bytesToHex);
    const twice = ids.find((id) => seen.size === seen.add(id).size);
    if (twice !== undefined) return { rule: 'repair/twice', segmentIndex: index, id: twice };
    for (const holder of segment.holders) {
      if (holder > named + 1) return { rule: 'repair/holder', segmentIndex: index, holder };
      named = Math.max(named, holder);
    }
  }
  if (named !== contracts.length) return { rule: 'repair/contracts', named, listed: contracts.length };
  const distinct = new Set(contracts);
  return distinct.size === contracts.length && named > 0
    ? undefined
    : { rule: 'repair/contracts', named: distinct.size, listed: contracts.length };
}

function validateSegment(
  { fragmentLength, fragmentIds, holders }: RepairSegment,
  n: number,
): Violation | undefined {
  if (fragmentLength === 0 || fragmentLength > maxFragmentSizeBytes || fragmentLength % chunkBytes !== 0)
    return { rule: 'repair/fragment-length', fragmentLength };
  if (fragmentIds.length !== n || holders.length !== n)
    return { rule: 'repair/segment', fragmentIds: fragmentIds.length, holders: holders.length, n };
  return undefined;
}

function encodeUnsigned(capability: RepairCapability): Uint8Array {
  return concatBytes(new Uint8Array([REPAIR_CAPABILITY_VERSION]), encode(capabilitySchema, capability));
}
