/**
 * Owns: the shapes of what travels between processes: JSON views of the ledger, the provider's API, tickets, receipts.
 * Does not own: the ledger's own binary forms (chain/, contracts/), transports (libs/node-api, libs/provider, libs/client).
 * Read next: views/contract-views.ts, ticket.ts, provider-api.ts, docs/protocol/provider-api.md.
 */
export * from './contract-list.js';
export * from './contract-terms.js';
export * from './negotiation.js';
export * from './network-view.js';
export * from './primitives.js';
export * from './provider-api.js';
export * from './repair-api.js';
export * from './repair-capability.js';
export * from './revision-api.js';
export * from './ticket.js';
export * from './views/account-views.js';
export * from './views/chain-views.js';
export * from './views/contract-views.js';
export * from './views/supply-views.js';
export * from './voucher.js';
