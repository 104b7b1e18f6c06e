import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ContractId, devnet, mainnet } from '#chain';
import { hexToBytes, nobleCrypto } from '#crypto';
import { toVectorJson } from '../../chain/testing/vector-file.js';
import {
  decodeRepairCapability,
  type RepairCapability,
  type RepairContent,
  signRepairCapability,
  validateRepairCapability,
  verifyRepairCapability,
} from './repair-capability.js';
import { repairVectors, sampleCapability } from './testing/repair-vectors.js';

const text = readFileSync(new URL('../../../libs/wire/vectors/repair.json', import.meta.url), 'utf8');
const secretKey = new Uint8Array(32).fill(1);
const content = sampleCapability().content as RepairContent;
const sign = (capability: RepairCapability) =>
  signRepairCapability(nobleCrypto, devnet, capability, secretKey);
const ruleOf = (change: Partial<RepairContent>) =>
  validateRepairCapability({ ...sampleCapability(), content: { ...content, ...change } })?.rule;

test('libs/wire/vectors/repair.json is what this code makes', () => {
  expect(JSON.parse(toVectorJson(repairVectors()))).toEqual(JSON.parse(text));
});

test('a capability is read back; another network, client or byte does not verify', () => {
  const vectors = JSON.parse(text) as { capabilities: { bytes: string }[] };
  for (const { bytes } of vectors.capabilities) {
    const decoded = decodeRepairCapability(hexToBytes(bytes));
    if (!decoded.ok) throw new Error(decoded.violation.rule);
    expect(verifyRepairCapability(nobleCrypto, devnet, decoded.value)).toBe(true);
    expect(verifyRepairCapability(nobleCrypto, mainnet, decoded.value)).toBe(false);
    const { capability } = decoded.value;
    const other = { ...capability, clientKey: capability.repairerKey };
    expect(verifyRepairCapability(nobleCrypto, devnet, { ...decoded.value, capability: other })).toBe(false);
  }
  const { bytes } = sign(sampleCapability());
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const damaged = Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ change : byte));
      const decoded = decodeRepairCapability(damaged);
      return !decoded.ok || !verifyRepairCapability(nobleCrypto, devnet, decoded.value);
    }),
    { numRuns: 40 },
  );
});

describe('what is refused', () => {
  test('a form that is none: repair/version, repair/malformed', () => {
    const { bytes } = sign(sampleCapability());
    const rule = (source: Uint8Array) => {
      const decoded = decodeRepairCapability(source);
      return decoded.ok ? undefined : decoded.violation.rule;
    };
    expect(rule(new Uint8Array())).toBe('repair/version');
    expect(rule(Uint8Array.from(bytes, (byte, at) => (at === 0 ? 2 : byte)))).toBe('repair/version');
    expect(rule(bytes.subarray(0, 40))).toBe('repair/malformed');
    expect(rule(new Uint8Array([...bytes, 0]))).toBe('repair/malformed');
  });

  test('repair/profile, repair/no-segments, repair/segment, repair/fragment-length', () => {
    const [first] = content.segments;
    expect(ruleOf({})).toBeUndefined();
    expect(ruleOf({ profile: { k: 3, repairBelow: 3, n: 3 } })).toBe('repair/profile');
    expect(ruleOf({ segments: [] })).toBe('repair/no-segments');
    expect(ruleOf({ segments: [{ ...first!, holders: [1, 2] }] })).toBe('repair/segment');
    for (const fragmentLength of [0, 1_000, (4 << 20) + 1_024])
      expect(ruleOf({ segments: [{ ...first!, fragmentLength }] })).toBe('repair/fragment-length');
  });

  test('repair/twice, repair/holder, repair/contracts', () => {
    const [first, second] = content.segments;
    expect(ruleOf({ segments: [first!, { ...second!, segmentId: first!.segmentId }] })).toBe('repair/twice');
    expect(ruleOf({ segments: [first!, { ...second!, fragmentIds: first!.fragmentIds }] })).toBe(
      'repair/twice',
    );
    expect(ruleOf({ segments: [{ ...first!, holders: [1, 3, 2] }] })).toBe('repair/holder');
    expect(ruleOf({ segments: [{ ...first!, holders: [1, 2, 0] }] })).toBe('repair/contracts');
    const [one, two] = content.contracts as [ContractId, ContractId];
    expect(ruleOf({ contracts: [one, two, one] })).toBe('repair/contracts');
    expect(ruleOf({ contracts: [], segments: [{ ...first!, holders: [0, 0, 0] }] })).toBe('repair/contracts');
  });
});
