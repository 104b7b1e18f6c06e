import { expect, test } from '@jest/globals';
import { type Catalogue, emptyCatalogue, entryNow, type FileEntry, withFiles, withoutFile } from '#catalogue';
import { bytesToHex, hexToBytes } from '#crypto';
import { encodeManifest, isPlaced, notPlaced, planFile, segmentOfPlan } from '#fragments';
import { manifestOf } from '../catalogue/entry-content.js';
import { renewedEntry } from './renew-file.js';

const contract = (number: number): string => number.toString(16).padStart(2, '0').repeat(32);
const key = new Uint8Array(32);

/** An entry of one segment whose fragments these contracts hold; 0: nobody. */
function entry(holders: readonly number[], paidUntilHeight: bigint): FileEntry {
  const profile = { k: 1, repairBelow: 2, n: holders.length };
  const planned = planFile({ sizeBytes: 100, profile });
  if (!planned.ok) throw new Error(planned.violation.rule);
  const { fragmentSize } = planned.value;
  const { plainLength, fragmentLength } = segmentOfPlan(planned.value, 0);
  const segment = {
    segmentId: new Uint8Array(16),
    plainLength,
    fragmentLength,
    fragmentIds: holders.map((_, at) => new Uint8Array(32).fill(at + 1)),
    holders: holders.map((number) => (number === 0 ? notPlaced : hexToBytes(contract(number)))),
  };
  const secret = { contentKey: key, repairKey: key, fileHash: key };
  const manifest = encodeManifest({ ...secret, sizeBytes: 100, profile, fragmentSize, segments: [segment] });
  return { path: 'file', sizeBytes: 100n, modifiedAt: 0n, storedAt: 7n, paidUntilHeight, manifest };
}

function holdersOf(one: FileEntry): string[] {
  return manifestOf(one).segments.flatMap(({ holders }) =>
    holders.map((holder) => (isPlaced(holder) ? bytesToHex(holder) : '')),
  );
}

const listOf = (one: FileEntry): Catalogue => withFiles(emptyCatalogue, [one]);
const before = entry([1, 2, 0], 500n);
const renewal = {
  entry: entry([11, 12, 0], 900n),
  before: before.manifest,
  successors: new Map([
    [contract(1), contract(11)],
    [contract(2), contract(12)],
  ]),
};

test('a file that nobody changed since is renewed as it was found', () => {
  const now = entryNow(listOf(before), before) as FileEntry;
  expect(renewedEntry(now, renewal)).toBe(renewal.entry);
});

test('what another run filled meanwhile stays filled, and is paid for as long as was certain before', () => {
  const now = entryNow(listOf(entry([1, 5, 6], 500n)), before) as FileEntry;
  const renewed = renewedEntry(now, renewal);
  expect(holdersOf(renewed)).toEqual([contract(11), contract(5), contract(6)]);
  expect(renewed.paidUntilHeight).toBe(500n);
});

test('a file is found by its version, and not where it was removed or stored anew', () => {
  expect(entryNow(withoutFile(listOf(before), 'file'), before)).toBeUndefined();
  expect(entryNow(listOf({ ...before, storedAt: 8n }), before)).toBeUndefined();
});
