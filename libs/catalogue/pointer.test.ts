import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bytesToHex, hexToBytes } from '#crypto';
import {
  type Manifest,
  planFile,
  type RedundancyProfile,
  redundancyProfiles,
  segmentsOfPlan,
} from '#fragments';
import {
  type CataloguePointer,
  fitsPointer,
  MAX_POINTER_BYTES,
  openPointer,
  type PointerContext,
  sealPointer,
} from './index.js';

const context: PointerContext = { key: new Uint8Array(32).fill(7), networkId: 0x4445564e, sequence: 5n };
const nonce = new Uint8Array(24).fill(9);

function manifestOf(sizeBytes: number, profile: RedundancyProfile = redundancyProfiles.devnet): Manifest {
  const plan = planFile({ sizeBytes, profile });
  if (!plan.ok) throw new Error(plan.violation.rule);
  return {
    sizeBytes,
    profile,
    fragmentSize: plan.value.fragmentSize,
    contentKey: new Uint8Array(32).fill(1),
    repairKey: new Uint8Array(32).fill(2),
    fileHash: new Uint8Array(32).fill(3),
    segments: [...segmentsOfPlan(plan.value)].map((segment) => ({
      segmentId: new Uint8Array(16).fill(segment.index + 1),
      plainLength: segment.plainLength,
      fragmentLength: segment.fragmentLength,
      fragmentIds: Array.from({ length: profile.n }, () => new Uint8Array(32).fill(4)),
      holders: Array.from({ length: profile.n }, () => new Uint8Array(32).fill(5)),
    })),
  };
}

const pointer: CataloguePointer = { level: 0, manifest: manifestOf(1_000) };

describe('a sealed pointer', () => {
  test('opens with the same key, network and sequence number', () => {
    for (const level of [0, 1, 3]) {
      const sealed = sealPointer(context, { ...pointer, level }, nonce);
      expect(openPointer(context, sealed)).toEqual({ ok: true, value: { ...pointer, level } });
    }
  });

  test.each<[string, Partial<PointerContext>]>([
    ['another phrase’s key', { key: new Uint8Array(32).fill(8) }],
    ['another network', { networkId: 1 }],
    ['an older pointer under a newer number', { sequence: 6n }],
  ])('%s does not open it', (_what, over) => {
    const sealed = sealPointer(context, pointer, nonce);
    expect(openPointer({ ...context, ...over }, sealed)).toMatchObject({
      ok: false,
      violation: { rule: 'pointer/unreadable' },
    });
  });

  test('any changed bit, and any other length, is refused', () => {
    const sealed = sealPointer(context, pointer, nonce);
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = sealed.slice();
        changed[at] = (changed[at] ?? 0) ^ flip;
        expect(openPointer(context, changed).ok).toBe(false);
      }),
      { verbose: true },
    );
    for (let length = 0; length < sealed.length; length += 7)
      expect(openPointer(context, sealed.subarray(0, length)).ok).toBe(false);
    expect(openPointer(context, Uint8Array.of(...sealed, 0)).ok).toBe(false);
  });

  test('nothing of the keys inside is readable', () => {
    const sealed = bytesToHex(sealPointer(context, pointer, nonce));
    expect(sealed).not.toContain(bytesToHex(pointer.manifest.contentKey));
  });

  test('the vector of docs/protocol/catalogue.md', () => {
    const empty = { level: 0, manifest: manifestOf(0) };
    const sealed = sealPointer(context, empty, nonce);
    expect(bytesToHex(sealed)).toBe(VECTOR);
    expect(openPointer(context, hexToBytes(VECTOR))).toEqual({ ok: true, value: empty });
  });
});

describe('what fits on chain', () => {
  test('one segment of the profiles that catalogues use; not the manifest of a large file', () => {
    expect(fitsPointer(manifestOf(1_000))).toBe(true);
    expect(fitsPointer(manifestOf(1_000, redundancyProfiles.default))).toBe(true);
    expect(fitsPointer(manifestOf(30 * 2 ** 20))).toBe(false);
  });

  test('exactly where the sealed form reaches the limit', () => {
    for (const sizeBytes of [1, 3_000_000, 4_000_000, 9_000_000, 12_000_000]) {
      const manifest = manifestOf(sizeBytes);
      const { length } = sealPointer(context, { level: 0, manifest }, nonce);
      expect(fitsPointer(manifest)).toBe(length <= MAX_POINTER_BYTES);
    }
  });
});

const VECTOR =
  '090909090909090909090909090909090909090909090909be73e28a7caa7962f4120b3c6c730feb2af3a79a41609ce0a78c195dd227525a832b41dad38ab4550d74bdd609dfab86568a281c3d15b749f9e8b753d2873398bf700d91b773da90ab5f27021473bd9ae51b270ab1f2e0399f079dd0200b21a82d55a63a5477581c2d99f1dceb07a96d876d526efec1af6bdbc5afd51fe34c30dcb1fc6fb4eddc73';
