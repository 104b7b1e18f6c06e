import { z } from 'zod';
import { endpointView, hexOf, offerView, timeText } from '#wire';
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

/** A provider that can take fragments. */
export const placedProviderView = z
  .object({ offer: offerView, endpoint: endpointView, liveness: livenessView.nullable() })
  .meta({ id: 'PlacedProvider' });
export type PlacedProviderView = z.infer<typeof placedProviderView>;

/** Who could hold fragments, cheapest first, and why the others could not. */
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
    /** Providers for a request: distinct failure domains, room, term, price, and not known to be down. */
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
