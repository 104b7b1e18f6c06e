import { describe, expect, it } from '@jest/globals';
import {
  BLOCK_VERSION,
  bitsToTarget,
  blockIdToHash,
  createLaw,
  encodeHeader,
  expectedBits,
  hashToNumber,
  type Law,
} from '#chain';
import { contractsModule } from '#contracts';
import { concatBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { fastDevnet } from '../../../chain/testing/memory-chain.js';
import { createMemoryChainStore } from '../storage/memory-chain-store.js';
import { newChain } from '../testing/forks.js';
import type { BlockNode } from './block-tree.js';
import { ChainManager, type VerifyBatch } from './chain-manager.js';
import { MAX_SIDE_HEADERS } from './header-chain.js';

const verifyNow: VerifyBatch = async (checks) => nativeCrypto.verifyBatch(checks);

function open(law: Law, verifyBatch = verifyNow): Promise<ChainManager> {
  return ChainManager.open({ law, store: createMemoryChainStore(), verifyBatch, clock: () => 2 ** 32 });
}

/** A header of real work that leads to nothing. */
function mineHeader(law: Law, parent: BlockNode, time: number, root: number): Uint8Array {
  const bits = expectedBits(law.params, parent);
  const target = bitsToTarget(bits);
  if (!target.ok) throw new Error(`no target in bits ${bits}`);
  const merkleRoot = new Uint8Array(32);
  new DataView(merkleRoot.buffer).setUint32(0, root);
  const header = encodeHeader({
    version: BLOCK_VERSION,
    previous: blockIdToHash(parent.id),
    merkleRoot,
    time,
    bits,
    nonce: 0,
  });
  const view = new DataView(header.buffer, header.byteOffset);
  for (let nonce = 0; ; nonce++) {
    view.setUint32(76, nonce, true);
    if (hashToNumber(nativeCrypto.sha256d(header)) <= target.value) return header;
  }
}

describe('floods of headers', () => {
  it('a long branch of little work is refused for good, not once in a while', async () => {
    const proofOfWork = {
      ...fastDevnet.proofOfWork,
      adjustment: 'asert' as const,
      genesisBits: 0x1f0f_ffff,
      blockSeconds: 10,
      halfLifeSeconds: 60,
    };
    const law = createLaw({ ...fastDevnet, proofOfWork }, nativeCrypto, [contractsModule]);
    const manager = await open(law);
    const { headers, tree } = manager;
    const add = (parent: BlockNode, time: number): BlockNode | string => {
      const result = headers.acceptAll(mineHeader(law, parent, time, 0));
      return result.ok ? result.value.last : result.violation.rule;
    };
    let honest = manager.tip;
    for (let height = 1; height <= 20; height++) honest = add(honest, honest.timeSeconds + 10) as BlockNode;
    // A pause of twenty half-lives makes all that follows cheap.
    let last = add(manager.tip, manager.tip.timeSeconds + 1_200) as BlockNode;
    const refusals: string[] = [];
    for (let count = 0; count < MAX_SIDE_HEADERS + 2_500; count++) {
      const next = add(last, last.timeSeconds + 10);
      if (typeof next === 'string') refusals.push(next);
      else last = next;
    }
    expect(headers.best.id).toBe(honest.id);
    expect(new Set(refusals)).toEqual(new Set(['node/low-work-headers']));
    const { size } = tree;
    for (let count = 0; count < 10; count++) add(last, last.timeSeconds + 10);
    expect(tree.size).toBe(size);
    // A branch of its own still finds room: the idle one is forgotten for it.
    expect(typeof add(manager.tip, manager.tip.timeSeconds + 11)).toBe('object');
    expect(tree.size).toBeLessThan(100);
  });

  it('a block that is being judged keeps its header', async () => {
    const law = createLaw(fastDevnet, nativeCrypto, [contractsModule]);
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const manager = await open(law, async (checks) => {
      await released;
      return verifyNow(checks);
    });
    const { headers, tree } = manager;
    const genesis = manager.tip;
    const time = genesis.timeSeconds;
    // The heaviest headers lead elsewhere, their bodies are not to be had.
    let other = genesis;
    for (let height = 1; height <= 3; height++) {
      const result = headers.acceptAll(mineHeader(law, other, time + height, 1));
      if (result.ok) other = result.value.last;
    }
    expect(headers.best.id).toBe(other.id);
    const chain = newChain();
    chain.mineTo(2);
    const first = chain.at(1).block;
    const submitted = manager.submitBlock(first.bytes);
    while (tree.get(first.id) === undefined) await new Promise((resolve) => setImmediate(resolve));
    const flood = Array.from({ length: MAX_SIDE_HEADERS + 10 }, (_, root) =>
      mineHeader(law, genesis, time + 1, root + 2),
    );
    expect(headers.acceptAll(concatBytes(...flood)).ok).toBe(true);
    expect(tree.size).toBeLessThan(MAX_SIDE_HEADERS);

    release();
    expect(await submitted).toMatchObject({ ok: true, value: { outcome: 'extended' } });
    expect(tree.get(first.id)?.status).toBe('applied');
    expect(await manager.submitBlock(chain.at(2).block.bytes)).toMatchObject({ ok: true });
    expect(manager.tip.height).toBe(2);
  });
});
