import { expect, test } from '@jest/globals';
import { emptyCatalogue, sealPointer } from '#catalogue';
import { bytesToHex } from '#crypto';
import type { Manifest } from '#fragments';
import type { ClientContext } from '../context.js';
import { ProviderDirectory } from '../providers/provider-directory.js';
import { loadCatalogue } from './catalogue-store.js';
import { memorySeenHead } from './seen-head.js';

const contract = (seed: number): string => bytesToHex(new Uint8Array(32).fill(seed));
const manifest: Manifest = {
  sizeBytes: 100,
  profile: { k: 1, repairBelow: 2, n: 2 },
  fragmentSize: 65_536,
  contentKey: new Uint8Array(32).fill(1),
  repairKey: new Uint8Array(32).fill(2),
  fileHash: new Uint8Array(32).fill(3),
  segments: [
    {
      segmentId: new Uint8Array(16).fill(4),
      plainLength: 100,
      fragmentLength: 1_024,
      fragmentIds: [5, 6].map((seed) => new Uint8Array(32).fill(seed)),
      holders: [7, 8].map((seed) => new Uint8Array(32).fill(seed)),
    },
  ],
};

/** Every holder was replaced, and those who took over do not answer now; their contracts end at a height. */
function contextWith(endHeight: number): ClientContext {
  const network = { key: new Uint8Array(32).fill(9), networkId: 3, sequence: 4n };
  const pointer = sealPointer(network, { level: 0, manifest }, new Uint8Array(24));
  const ledger = {
    anchor: async () => ({ sequence: '4', pointer: bytesToHex(pointer) }),
    status: async () => ({ tip: { height: 100 } }),
    endpoint: async () => null,
    contract: async ({ id }: { id: string }) =>
      id === contract(10)
        ? { id, provider: 'p', successor: null, endHeight }
        : { id, provider: 'gone', successor: contract(10), endHeight: 50 },
  };
  return {
    params: { networkId: 3 },
    identity: { account: 'aa', address: 'dcairn1x', pointerKey: network.key },
    ledger,
    providers: new ProviderDirectory(ledger as never),
    pipeline: { openRange: () => Promise.reject(new Error('nothing was fetched')) },
    nowMs: () => 5,
    catalogue: { seen: memorySeenHead() },
  } as unknown as ClientContext;
}

test('a list whose holders were replaced and are silent now is not taken for one that nobody pays for', async () => {
  await expect(loadCatalogue(contextWith(1_000))).rejects.toMatchObject({ code: 'fetch/too-few-fragments' });
  expect((await loadCatalogue(contextWith(90))).catalogue).toEqual(emptyCatalogue);
});
