import { z } from 'zod';
import {
  endpointView,
  heightNumber,
  hexOf,
  holderView,
  offerView,
  pageOf,
  pageQuery,
  providerRecordView,
} from '#wire';
import { livenessView } from './placement-port.js';
import type { PortOf } from './service-contract.js';

/** Injection token of the `RegistryPort`. */
export const REGISTRY = Symbol('REGISTRY');

/** A provider: price, address, whether it answers, what it did. */
export const providerView = z
  .object({
    provider: hexOf(20, 'account id'),
    address: z.string(),
    offer: offerView.nullable(),
    endpoint: endpointView.nullable(),
    /** Null until it was first probed. */
    liveness: livenessView.nullable(),
    record: providerRecordView,
  })
  .meta({ id: 'Provider' });
export type ProviderView = z.infer<typeof providerView>;

/** The market in a few numbers. */
export const overviewView = z
  .object({
    height: heightNumber,
    providers: z.number().int(),
    providersUp: z.number().int(),
    capacityBytes: z.string(),
    /** Promised by active contracts, redundancy included. */
    storedBytes: z.string(),
    activeContracts: z.number().int(),
  })
  .meta({ id: 'Overview' });
export type OverviewView = z.infer<typeof overviewView>;

/** What the registry service answers. */
export const REGISTRY_CONTRACT = {
  service: 'registry',
  methods: {
    /** Endpoint records that hold now: the newest of each principal, until its time is over. */
    endpoints: { request: pageQuery, answer: pageOf(endpointView) },
    endpoint: { request: z.object({ principal: z.string().max(100) }), answer: endpointView.nullable() },
    /** Who holds a fragment, by contract. */
    holders: { request: z.object({ fragment: z.string().max(100) }), answer: z.array(holderView) },
    /** Providers with an offer. */
    providers: { request: pageQuery, answer: pageOf(providerView) },
    /** Anybody who has an offer, an endpoint or a contract as a provider. */
    provider: { request: z.object({ provider: z.string().max(100) }), answer: providerView.nullable() },
    overview: { request: z.object({}), answer: overviewView },
  },
} as const;
export type RegistryPort = PortOf<typeof REGISTRY_CONTRACT>;
