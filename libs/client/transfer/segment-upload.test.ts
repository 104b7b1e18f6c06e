import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ContractId } from '#chain';
import { hexToBytes } from '#crypto';
import type { Candidate } from '#placement';
import type { ClientContext } from '../context.js';
import { HolderSlots } from './holder-slots.js';
import { MemoryGate } from './memory-gate.js';
import { PlacementBook } from './placement-book.js';
import { sendSegment } from './segment-upload.js';
import type { UploadPlan } from './upload-plan.js';
import type { UploadSlot } from './upload-slot.js';

const profile = { k: 2, repairBelow: 3, n: 6 };
const LENGTH = 1_024;
const contractOf = (number: number): ContractId => (number + 1).toString(16).padStart(64, '0') as ContractId;

/** A provider that takes everything, the sooner the smaller `ticks`. */
function slotOf(number: number, ticks: number, candidate?: Candidate): UploadSlot {
  const put = async (): Promise<void> => {
    for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
  };
  const about = { contract: contractOf(number), maxBytes: BigInt(LENGTH), candidate };
  return { ...about, put, take: () => true, giveBack: () => undefined } as unknown as UploadSlot;
}

function newBook(): PlacementBook {
  const book = new PlacementBook(profile);
  const fragmentIds = Array.from({ length: profile.n }, (_, at) => hexToBytes(contractOf(at)));
  book.addSegment(0, { segmentId: new Uint8Array(16), plainLength: 1, fragmentLength: LENGTH, fragmentIds });
  return book;
}

test('of fragments that are on their way to one failure domain one is placed, whichever arrives first', async () => {
  const position = fc.record({ domain: fc.nat(5), ticks: fc.nat(6) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(position, { minLength: profile.n, maxLength: profile.n }),
      async (positions) => {
        const book = newBook();
        const slots = positions.map(({ domain, ticks }, at) => {
          book.addContract(contractOf(at), [`domain ${domain}`]);
          return slotOf(at, ticks);
        });
        const pool = {
          isEnoughFor: () => true,
          slotFor: async (at: number) => slots[at],
          spareCount: 0,
          reasons: [],
        } as unknown as HolderSlots;
        const memory = new MemoryGate(profile.n * LENGTH);
        await memory.take(profile.n * LENGTH);
        const halt = new AbortController();
        const fragments = slots.map(() => new Uint8Array(LENGTH));
        const sending = sendSegment({ slots: pool, book, memory }, 0, fragments, halt.signal);
        const distinct = new Set(positions.map(({ domain }) => domain)).size;
        if (distinct >= book.quorum) await sending.quorum;
        // Too few: they would be asked once more after a while.
        else await Promise.race([sending.quorum, delay(0)]).finally(() => halt.abort());
        await sending.over;
        expect(book.placedCount(0)).toBe(distinct);
      },
    ),
    { numRuns: 60 },
  );
});

test('of two whose failure domains fell together since the run before one is not gone on with', async () => {
  const candidateOf = (provider: string, owner: string): Candidate =>
    ({ offer: { provider }, endpoint: { addresses: [`https://${provider}.example`], owner } }) as Candidate;
  const candidates = [candidateOf('a', 'Acme'), candidateOf('b', 'acme '), candidateOf('c', '')];
  const adopted = candidates.map((candidate, position) => ({
    position,
    candidate,
    slot: slotOf(position, 0, candidate),
  }));
  const context = { params: { failureDomain: 'subnet-owner', contract: { maxLeaves: 9 } } };
  const upload = { plan: { profile: { ...profile, n: 3 } }, candidates: [] };
  const slots = await HolderSlots.open(
    context as unknown as ClientContext,
    upload as unknown as UploadPlan,
    newBook(),
    { signal: new AbortController().signal, isOpenEnded: false, isLasting: false, adopted },
  );
  const request = { segment: 0, lengthBytes: LENGTH, evenPaused: true };
  const inUse = await Promise.all(adopted.map(({ position }) => slots.slotFor(position, request)));
  expect(inUse).toEqual([adopted[0]!.slot, undefined, adopted[2]!.slot]);
  // What it took before may still be agreed on.
  expect(slots.all.has(adopted[1]!.slot)).toBe(true);
});
