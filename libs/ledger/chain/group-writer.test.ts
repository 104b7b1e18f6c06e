import { expect, it } from '@jest/globals';
import { type AheadBlock, GroupWriter } from './group-writer.js';

const MIB = 1024 * 1024;

it('a block that waited for room until everything was written is written too', async () => {
  const batches: number[] = [];
  let finish = (): void => undefined;
  const writer = new GroupWriter({
    write: (batch) => {
      batches.push(batch.length);
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    },
    onBegin: () => undefined,
    onWritten: () => undefined,
    onLost: () => undefined,
  });
  const add = (sizeBytes: number): Promise<void> =>
    writer.add({ block: { bytes: new Uint8Array(sizeBytes) } } as unknown as AheadBlock);
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  const added = [add(100)];
  await turn();
  // With these the limit is passed by more than the first, so that one batch holds all there is.
  for (let count = 0; count < 8; count++) added.push(add(2 * MIB));
  const waiting = (async () => {
    await writer.room();
    await add(100);
  })();
  for (let written = 0; written < 2; written++) {
    finish();
    await turn();
  }
  expect(batches).toEqual([1, 8, 1]);
  finish();
  await Promise.all([...added, waiting]);
  await writer.idle();
  expect(writer.count).toBe(0);
});
