import { describe, expect, test } from '@jest/globals';
import { blake3 } from '@noble/hashes/blake3.js';
import fc from 'fast-check';
import type { FragmentId } from '#chain';
import { AppError } from '#errors';
import { TestVolumes } from '../testing/index.js';

const MIB = 2 ** 20;
const CAPACITIES: [number, ...number[]] = [2 * MIB, 3 * MIB, 4 * MIB];
const SOME = 24;
const bytesOf = (number: number): Buffer => Buffer.alloc(1 + number * 9_973, number + 1);
const idOf = (number: number): FragmentId =>
  Buffer.from(blake3(bytesOf(number))).toString('hex') as FragmentId;
const IDS = Array.from({ length: SOME }, (_, number) => idOf(number));

const fragment = fc.nat({ max: SOME - 1 });
const volume = fc.nat({ max: CAPACITIES.length - 1 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), fragment }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), fragment }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drain' as const), volume }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('freeze' as const), volume }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('thaw' as const), volume }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('resize' as const),
      volume,
      mebibytes: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('verify' as const), volume }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What only says that there is no room now. */
const isRefusal = (error: unknown): boolean =>
  error instanceof AppError && ['volume/no-room', 'fragment-store/full'].includes(error.code);

async function run(steps: readonly Step[]): Promise<void> {
  let volumes = await TestVolumes.open({ capacities: CAPACITIES });
  const started = volumes;
  const model = new Set<number>();
  const at = (number: number): string => volumes.admin.list()[number]?.id ?? '';
  const act = async (todo: Step): Promise<void> => {
    switch (todo.do) {
      case 'put':
        await volumes.set.put(IDS[todo.fragment]!, bytesOf(todo.fragment), bytesOf(todo.fragment).length);
        model.add(todo.fragment);
        return;
      case 'remove':
        expect(await volumes.set.remove(IDS[todo.fragment]!)).toBe(model.delete(todo.fragment));
        return;
      case 'drain':
        return void (await volumes.admin.setMode(at(todo.volume), 'draining'));
      case 'freeze':
        return void (await volumes.admin.setMode(at(todo.volume), 'read-only'));
      case 'thaw':
        return void (await volumes.admin.setMode(at(todo.volume), 'active'));
      case 'resize':
        return void (await volumes.admin.resize(at(todo.volume), todo.mebibytes * MIB));
      case 'verify':
        return void (await volumes.admin.verify(at(todo.volume)));
      case 'kill':
        // Nothing is written down any more: neither the index nor the list.
        await volumes.scrubs.stop();
        await volumes.set.mover.stop();
        volumes = await volumes.reopen();
    }
  };
  try {
    for (const todo of steps) {
      await act(todo).catch((error: unknown) => {
        if (!isRefusal(error)) throw error;
      });
      for (const number of IDS.keys()) {
        const read = await volumes.set.read(IDS[number]!);
        expect([number, read?.ok]).toEqual([number, model.has(number) ? true : undefined]);
      }
      for (const { state, allocatedBytes, capacityBytes, move } of volumes.admin.list()) {
        if (state === 'active' && move === null) expect(allocatedBytes).toBeLessThanOrEqual(capacityBytes);
      }
    }
    const listed: FragmentId[] = [];
    for await (const { id } of volumes.set.list()) listed.push(id);
    expect(listed).toEqual([...model].map((number) => IDS[number]!).sort());
    expect(volumes.damage).toEqual([]);
  } finally {
    await volumes.close();
    await started.close();
    await started.clean();
  }
}

describe('volumes against a model', () => {
  test('whatever is stored, removed, moved, resized and killed: what should be there is there, nothing else', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), run), { numRuns: 40 });
  }, 60_000);
});
