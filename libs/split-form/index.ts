/**
 * Owns: what every app of the split form is made of: logger, ledger over the node's HTTP API, Redis, jobs, health and
 *   metrics, data folder; and how a service answers messages as a process of its own.
 * Does not own: the services (libs/market-service and so on), the site that runs all in one process (apps/site).
 * Read next: split-app.ts, start-service.ts, docs/operate/split-form.md.
 */
export { appLogger, needRedis, ownFolder, type SplitAppOptions, splitAppModule } from './split-app.js';
export { type ServiceProcess, startService } from './start-service.js';
