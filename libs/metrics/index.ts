/**
 * Owns: the process's Prometheus registry, its naming rule (base unit as suffix) and /metrics.
 * Does not own: what is measured; each feature module makes its own metrics from `METRICS`.
 * Read next: metrics.ts.
 */
export { createMetrics, type Metrics } from './metrics.js';
export { METRICS, MetricsModule } from './metrics-module.js';
