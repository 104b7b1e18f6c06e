import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { bytesToHex } from '#crypto';
import type { ClientContext } from '../context.js';
import { currentHead, toHead } from './catalogue-head.js';
import { fileSeenHead, memorySeenHead, type SeenHead } from './seen-head.js';

const pointer = (seed: number): Uint8Array => new Uint8Array(60).fill(seed);
const head = (sequence: bigint, seed = Number(sequence)) => toHead(sequence, pointer(seed));

/** A client whose node shows one anchor, or none. */
function contextWith(seen: SeenHead, shown: { sequence: bigint; seed: number } | undefined): ClientContext {
  const anchor =
    shown === undefined
      ? null
      : { sequence: shown.sequence.toString(), pointer: bytesToHex(pointer(shown.seed)) };
  return {
    identity: { account: 'aa', address: 'dcairn1x' },
    ledger: { anchor: async () => anchor },
    catalogue: { seen },
  } as unknown as ClientContext;
}

describe('what a node shows as the newest list', () => {
  const look = async (
    shown: { sequence: bigint; seed: number } | undefined,
    seen?: bigint,
    proven?: bigint,
  ) => {
    const memory = memorySeenHead();
    if (seen !== undefined) await memory.note(head(seen));
    return currentHead(contextWith(memory, shown), proven === undefined ? undefined : head(proven));
  };

  test('is taken where it is the same or a newer one, or nothing is known', async () => {
    expect(await look(undefined)).toBeUndefined();
    expect(await look({ sequence: 4n, seed: 4 }, 4n, 3n)).toEqual({ ...head(4n), pointer: pointer(4) });
    expect(await look({ sequence: 6n, seed: 6 }, 4n, 5n)).toMatchObject({ sequence: 6n });
  });

  test.each([
    ['this client has seen', 4n, undefined],
    ['the chain proves', undefined, 4n],
  ])('is refused where it is older than what %s, or is gone', async (who, seen, proven) => {
    const refusal = {
      code: 'catalogue/rolled-back',
      message: expect.stringContaining(`${who} number 4`),
      next: expect.stringContaining('--accept'),
    };
    await expect(look({ sequence: 3n, seed: 3 }, seen, proven)).rejects.toMatchObject(refusal);
    await expect(look(undefined, seen, proven)).rejects.toMatchObject(refusal);
  });

  test('is refused where it is another one under the same number', async () => {
    await expect(look({ sequence: 4n, seed: 9 }, 4n)).rejects.toMatchObject({ code: 'catalogue/fork' });
    await expect(look({ sequence: 4n, seed: 9 }, undefined, 4n)).rejects.toMatchObject({
      code: 'catalogue/fork',
    });
  });
});

describe('the newest list a client has seen', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-head-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('outlives the process, is never an older one, and is of one account and network', async () => {
    const open = (network = 'devnet', account = 'aa') =>
      fileSeenHead(join(folder, 'catalogue'), network, account);
    expect(await open().last()).toBeUndefined();
    await open().note(head(7n));
    await open().note(head(5n));
    await open().note(head(7n, 9));
    expect(await open().last()).toEqual(head(7n));
    expect(await open('testnet').last()).toBeUndefined();
    expect(await open('devnet', 'bb').last()).toBeUndefined();
    const [name = '', ...others] = await readdir(join(folder, 'catalogue'));
    expect(others).toEqual([]);
    expect((await stat(join(folder, 'catalogue', name))).mode & 0o077).toBe(0);
    expect(await readFile(join(folder, 'catalogue', name), 'utf8')).not.toContain('undefined');
    await open().forget();
    expect(await open().last()).toBeUndefined();
  });

  test.each([[''], ['{'], ['{"sequence":"-1","pointerHash":""}'], ['{"sequence":"x"}']])(
    'is an error where its file is damaged: %j',
    async (text) => {
      await writeFile(join(folder, 'devnet-aa.json'), text);
      const seen = fileSeenHead(folder, 'devnet', 'aa');
      await expect(seen.last()).rejects.toMatchObject({ code: 'catalogue/head-unreadable' });
      await expect(seen.note(head(1n))).rejects.toMatchObject({ code: 'catalogue/head-unreadable' });
    },
  );
});
