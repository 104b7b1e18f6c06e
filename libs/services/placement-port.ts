import { z } from 'zod';
import { endpointView, hexOf, offerView, providerRecordView, timeText } from '#wire';
import type { PortOf } from './service-contract.js';

/** Injection token of the `PlacementPort`. */
export const PLACEMENT = Symbol('PLACEMENT');

/** Whether a provider answers, as last probed. */
export const livenessView = z
  .object({
    provider: hexOf(20, 'account id'),
    address: z.string(),
    url: z.string(),
    state: z.enum(['up', 'down']),
    /** Since when it is in this state. */
    since: timeText,
    checkedAt: timeText,
    /** Of the last probe that was answered. */
    latencyMs: z.number().nonnegative().nullable(),
    /** Probes answered and made since this record began. */
    answered: z.number().int(),
    probes: z.number().int(),
    error: z.string().nullable(),
  })
  .meta({ id: 'Liveness' });
export type LivenessView = z.infer<typeof livenessView>;

const part = z.number().min(0).max(1);

/** A provider that can take fragments, with its score and what the score is made of. */
export const placedProviderView = z
  .object({
    offer: offerView,
    endpoint: endpointView,
    liveness: livenessView.nullable(),
    /** Null where it never had a contract. */
    record: providerRecordView.nullable(),
    /** The product of its parts; comparable within one answer. */
    score: part,
    parts: z.object({
      /** For the bytes asked for, against the median: 0.5 there, 1 for nothing. */
      price: part,
      /** Expected share of epochs proven, to the fourth power. */
      record: part,
      /** Probes answered, and how fast. */
      answers: part,
      /** Share of its capacity that is free. */
      space: part,
      /** What the service itself saw: 1. */
      seen: part,
    }),
    /** Whether it has proven too little to be judged by it. */
    isNewcomer: z.boolean(),
  })
  .meta({ id: 'PlacedProvider' });
export type PlacedProviderView = z.infer<typeof placedProviderView>;

/** Who could hold fragments, the best score first, and why the others could not. */
export const placementView = z
  .object({
    height: z.number().int(),
    usable: z.array(placedProviderView),
    refusals: z.array(z.object({ provider: z.string(), why: z.string() })),
  })
  .meta({ id: 'Placement' });
export type PlacementView = z.infer<typeof placementView>;

/** What the placement service answers. */
export const PLACEMENT_CONTRACT = {
  service: 'placement',
  methods: {
    /** Providers for a request: distinct failure domains, room, term, score, and not known to be down. */
    choose: {
      request: z.object({
        bytesPerHolder: z.string().regex(/^\d{1,19}$/, 'expected bytes as a decimal string'),
        epochs: z.number().int().min(1),
        /** At most so many. */
        count: z.number().int().min(1).max(256).default(256),
        exclude: z.array(z.string()).max(100_000).default([]),
      }),
      answer: placementView,
    },
    /** Every provider that was ever probed, by account. */
    liveness: {
      request: z.object({ providers: z.array(z.string()).max(1_000).optional() }),
      answer: z.array(livenessView),
    },
  },
} as const;
export type PlacementPort = PortOf<typeof PLACEMENT_CONTRACT>;
