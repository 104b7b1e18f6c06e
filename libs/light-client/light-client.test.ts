import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { accountPot, HEADER_BYTES, potSpace } from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import type { StateProofView } from '#wire';
import { fastDevnet } from '../../chain/testing/memory-chain.js';
import { stageMarket, TestLedger } from '../ledger/testing/index.js';
import { createLightClient, type LightNode, openHeaderCache, type VerifyRequest } from './index.js';

let ledger: TestLedger;
let folder: string;
let file: string;

beforeAll(async () => {
  ledger = await TestLedger.open();
  await stageMarket(ledger);
  await ledger.mine(3);
});
afterAll(async () => {
  await ledger.close();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-light-'));
  file = join(folder, 'light', 'headers.bin');
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

type Ledger = LightNode['ledger'];

/** A node that answers as the ledger does but for what a test changes. */
function nodeOf(url: string, changes: Partial<Ledger> = {}, source: TestLedger = ledger): LightNode {
  return {
    url,
    ledger: {
      headers: (request) => source.ledger.headers(request),
      stateProof: (request) => source.ledger.stateProof(request),
      ...changes,
    },
  };
}

function proving(
  change: (view: StateProofView) => StateProofView | Promise<StateProofView>,
): Partial<Ledger> {
  return { stateProof: async (request) => change(await ledger.ledger.stateProof(request)) };
}

const clientOf = (...nodes: LightNode[]) =>
  createLightClient({
    law: ledger.law,
    nodes,
    cache: openHeaderCache(file),
    clock: () => ledger.clock.seconds,
  });

const faucet = (): VerifyRequest => ({ kind: 'account', id: ledger.faucet.account, confirmations: 1 });
const faucetBalance = () => ledger.ledger.chain.state.get(potSpace, accountPot(ledger.faucet.account));
const flip = (hex: string, at: number): string => {
  const bytes = hexToBytes(hex);
  bytes[at] = (bytes[at] as number) ^ 1;
  return bytesToHex(bytes);
};

describe('a client that trusts no node', () => {
  test('has objects of every kind proven, present and absent', async () => {
    const { items } = await ledger.ledger.contracts({});
    const contract = items[0]!;
    const wanted: [VerifyRequest, unknown][] = [
      [faucet(), faucetBalance()],
      [
        { kind: 'contract', id: contract.id, confirmations: 1 },
        expect.objectContaining({ status: contract.status }),
      ],
      [{ kind: 'contract', id: 'ab'.repeat(32), confirmations: 1 }, undefined],
      [{ kind: 'offer', id: contract.provider, confirmations: 2 }, expect.objectContaining({ number: 1n })],
      [{ kind: 'endpoint', id: contract.client, confirmations: 3 }, undefined],
      [
        { kind: 'anchor', slot: 'catalogue', id: contract.client, confirmations: 3 },
        expect.objectContaining({ sequence: 1n }),
      ],
      [{ kind: 'anchor', slot: 'log', id: contract.client, confirmations: 3 }, undefined],
    ];
    const client = clientOf(nodeOf('http://a'));
    for (const [request, value] of wanted) {
      const object = await client.verify(request);
      expect(object.value).toEqual(value);
      expect(object).toMatchObject({ url: 'http://a', confirmations: request.confirmations });
      expect(object.height).toBe(ledger.height - request.confirmations + 1);
    }
  });

  test('keeps checked headers, fetches only new ones, and checks kept ones again', async () => {
    const asked: number[] = [];
    const node = nodeOf('http://a', {
      headers: (request) => {
        asked.push(request.fromHeight);
        return ledger.ledger.headers(request);
      },
    });
    await clientOf(node).verify(faucet());
    expect(asked[0]).toBe(0);
    const kept = await readFile(file);
    expect(kept.length).toBe(ledger.height * HEADER_BYTES);
    asked.length = 0;
    await ledger.mine();
    await clientOf(node).verify(faucet());
    expect(Math.min(...asked)).toBe(Math.max(0, ledger.height - 1 - 20));
    for (const damage of [
      Buffer.concat([kept.subarray(0, 5 * HEADER_BYTES + 7)]),
      Buffer.from(kept).fill(0, 3 * HEADER_BYTES, 3 * HEADER_BYTES + 40),
      Buffer.from('no headers at all'),
    ]) {
      await writeFile(file, damage);
      expect((await clientOf(node).verify(faucet())).value).toBe(faucetBalance());
      expect((await readFile(file)).length).toBe(ledger.height * HEADER_BYTES);
    }
  });

  test('follows a block that comes between headers and proof', async () => {
    let isFirst = true;
    const node = nodeOf('http://a', {
      stateProof: async (request) => {
        if (isFirst) await ledger.mine();
        isFirst = false;
        return ledger.ledger.stateProof(request);
      },
    });
    expect((await clientOf(node).verify(faucet())).height).toBe(ledger.height);
  });

  test('follows it too where several blocks must stand on the state', async () => {
    let isFirst = true;
    const node = nodeOf('http://a', {
      stateProof: async (request) => {
        if (isFirst) await ledger.mine();
        isFirst = false;
        return ledger.ledger.stateProof(request);
      },
    });
    const object = await clientOf(node).verify({ ...faucet(), confirmations: 3 });
    expect(object).toMatchObject({ height: ledger.height - 2, confirmations: 3 });
  });

  test('asks for more blocks where too few stand on the state', async () => {
    const few = nodeOf(
      'http://a',
      proving((view) => view),
    );
    const request = { ...faucet(), confirmations: 3 };
    const stale = nodeOf('http://b', {
      stateProof: () => ledger.ledger.stateProof({ ...request, confirmations: 1 }),
    });
    expect((await clientOf(few).verify(request)).confirmations).toBe(3);
    await expect(clientOf(stale).verify(request)).rejects.toMatchObject({
      code: 'light/too-few-confirmations',
    });
    const tooMany = { ...faucet(), confirmations: 17 };
    await expect(clientOf(few).verify(tooMany)).rejects.toMatchObject({ code: 'ledger/proof-unavailable' });
  });
});

describe('a node that lies', () => {
  const lies: [string, () => Partial<Ledger>, string, string][] = [
    [
      'a wrong value',
      () => proving((view) => ({ ...view, valueHex: flip(view.valueHex!, 0) })),
      'light/bad-proof',
      'state-proof/root',
    ],
    [
      'no value where there is one',
      () => proving((view) => ({ ...view, valueHex: null })),
      'light/bad-proof',
      'state-proof/presence',
    ],
    [
      'the value and proof of another account',
      () => ({ stateProof: (request) => ledger.ledger.stateProof({ ...request, id: ledger.miner.account }) }),
      'light/bad-proof',
      'state-proof/root',
    ],
    [
      'another coinbase',
      () => proving((view) => ({ ...view, coinbaseHex: flip(view.coinbaseHex, 50) })),
      'light/bad-proof',
      'block/merkle-root',
    ],
    [
      'the state of an older block',
      () =>
        proving(async (view) => ({
          ...(await ledger.ledger.stateProof({ ...faucet(), confirmations: 4 })),
          height: view.height,
          blockId: view.blockId,
        })),
      'light/bad-proof',
      'block/merkle-root',
    ],
  ];
  test.each(lies)('%s', async (_what, changes, code, rule) => {
    const error = { code, data: { violation: { rule } }, next: expect.stringContaining('ask another') };
    await expect(clientOf(nodeOf('http://liar', changes())).verify(faucet())).rejects.toMatchObject(error);
    // One honest node beside it is enough, and the lie is reported.
    const object = await clientOf(nodeOf('http://liar', changes()), nodeOf('http://good')).verify(faucet());
    expect(object).toMatchObject({ url: 'http://good', value: faucetBalance() });
    expect(object.nodes[0]).toMatchObject({ url: 'http://liar', problem: { code } });
  });

  test('the state of an older block, as it was: it is not passed off as the current one', async () => {
    const old = () => ({
      stateProof: () => ledger.ledger.stateProof({ ...faucet(), confirmations: 8 }),
    });
    await ledger.mine(8);
    await expect(clientOf(nodeOf('http://liar', old())).verify(faucet())).rejects.toMatchObject({
      code: 'light/stale-proof',
      data: { confirmations: 8, wanted: 1 },
    });
    const object = await clientOf(nodeOf('http://liar', old()), nodeOf('http://good')).verify(faucet());
    expect(object).toMatchObject({ url: 'http://good', confirmations: 1 });
    expect(object.nodes[0]?.problem?.code).toBe('light/stale-proof');
  });

  test('any byte of an answer changed, of the wrong kind or length: never a wrong object', async () => {
    const honest = await ledger.ledger.stateProof(faucet());
    const names = ['coinbaseHex', 'valueHex', 'proofHex'] as const;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (name, at, mask) => {
          const bytes = hexToBytes(honest[name] as string);
          bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ mask;
          const changed = { ...honest, [name]: bytesToHex(bytes) };
          await expect(
            clientOf(
              nodeOf(
                'http://liar',
                proving(() => changed),
              ),
            ).verify(faucet()),
          ).rejects.toMatchObject({
            code: 'light/bad-proof',
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a header without work, out of line, or of another target', async () => {
    const changes: [number, string][] = [
      [76, 'header/proof-of-work'],
      [10, 'header/previous'],
      [72, 'header/bits'],
      [68, 'header/time-too-old'],
    ];
    for (const [field, rule] of changes) {
      const lying = nodeOf('http://liar', {
        headers: async (request) => {
          const answer = await ledger.ledger.headers(request);
          const bytes = hexToBytes(answer.hex);
          const at = (ledger.height - request.fromHeight) * HEADER_BYTES;
          if (at < 0 || at >= bytes.length) return answer;
          // Half of all hashes have enough work on this network: search one that has not.
          do bytes[at + field] = (bytes[at + field] as number) + 1;
          while (field === 76 && hasWork(bytes.subarray(at, at + HEADER_BYTES)));
          if (field === 68) bytes.fill(0, at + 68, at + 72);
          return { ...answer, hex: bytesToHex(bytes) };
        },
      });
      await expect(clientOf(lying).verify(faucet())).rejects.toMatchObject({
        code: 'light/bad-header',
        data: { violation: { rule, height: ledger.height } },
      });
      expect((await clientOf(lying, nodeOf('http://good')).verify(faucet())).url).toBe('http://good');
    }
  });

  test('the chain of another network', async () => {
    const params = {
      ...fastDevnet,
      genesis: { ...fastDevnet.genesis, timeSeconds: fastDevnet.genesis.timeSeconds - 5 },
    };
    const other = await TestLedger.open({ params });
    try {
      await other.mine(3);
      await expect(clientOf(nodeOf('http://other', {}, other)).verify(faucet())).rejects.toMatchObject({
        code: 'light/other-genesis',
        next: expect.stringContaining('--network'),
      });
    } finally {
      await other.close();
    }
  });

  test('a lighter chain: alone it is believed, beside a heavier one it is not', async () => {
    const lighter = await TestLedger.open();
    try {
      await lighter.fund(7n, lighter.wallet('victim'));
      await lighter.mine(2);
      const request: VerifyRequest = {
        kind: 'account',
        id: lighter.wallet('victim').account,
        confirmations: 1,
      };
      const light = nodeOf('http://light', {}, lighter);
      const heavy = nodeOf('http://heavy');
      expect((await clientOf(light).verify(request)).value).toBe(7n);
      for (const nodes of [
        [light, heavy],
        [heavy, light],
      ] as const) {
        await rm(file, { force: true });
        const object = await clientOf(...nodes).verify(request);
        expect(object).toMatchObject({ url: 'http://heavy', value: undefined });
        if (nodes[0] === light) expect(object.nodes[0]?.problem?.code).toBe('light/other-branch');
      }
      // What was seen once counts: the lighter chain is not believed any more, alone or not.
      await expect(clientOf(light).verify(request)).rejects.toMatchObject({ code: 'light/other-branch' });
    } finally {
      await lighter.close();
    }
  });
});

function hasWork(header: Uint8Array): boolean {
  return (ledger.law.crypto.sha256d(header)[31] as number) < 0x80;
}
