import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LawEvent } from '#chain';
import { decodeEvents, encodeEvents } from './event-codec.js';

const amount = fc.bigInt(0n, (1n << 63n) - 1n);
const event: fc.Arbitrary<LawEvent> = fc.oneof(
  fc.record({
    type: fc.constant('posting' as const),
    from: fc.string({ unit: 'grapheme' }),
    to: fc.string(),
    amount,
    reason: fc.constantFrom('transfer', 'fee'),
    subject: fc.string(),
  }),
  fc.record({
    type: fc.constant('object' as const),
    name: fc.string(),
    subject: fc.string(),
    data: fc
      .array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.oneof(fc.string(), fc.nat(), amount)))
      .map((entries) => Object.fromEntries(entries)),
  }),
);

describe('stored events', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.array(event), (events) => {
        expect(decodeEvents(encodeEvents(events))).toEqual(events);
      }),
    );
  });

  it('bytes that are none are told apart, whatever they are', () => {
    const one = encodeEvents([
      { type: 'posting', from: 'a', to: 'b', amount: 1n, reason: 'transfer', subject: 'c' },
    ]);
    expect(decodeEvents(one.subarray(0, -1))).toBeUndefined();
    expect(decodeEvents(new TextEncoder().encode('[]'))).toBeUndefined();
    const beyond = Uint8Array.from(one);
    beyond[beyond.length - 24] = 9;
    expect(decodeEvents(beyond)).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const decoded = decodeEvents(bytes);
        if (decoded !== undefined) expect(decodeEvents(encodeEvents(decoded))).toEqual(decoded);
      }),
    );
  });
});
