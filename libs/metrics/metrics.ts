import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { assertInvariant } from '#errors';

/** Base units, last in a metric's name (prometheus.io/docs/practices/naming). Things that are counted end in `_count`. */
const UNITS = [
  'bytes',
  'seconds',
  'ratio',
  'hashes',
  'coins',
  'height',
  'count',
  'info',
  'timestamp_seconds',
];
const NAME = new RegExp(`^cairn_[a-z][a-z0-9_]*_(${UNITS.join('|')})$`);
const COUNTER_NAME = /^cairn_[a-z][a-z0-9_]*_total$/;

/** Seconds, from a lookup in memory to a slow upload. */
const DEFAULT_BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60];

/** Makes metrics of one process. A name that breaks the rule is our own mistake and throws an InvariantError. */
export interface Metrics {
  readonly registry: Registry;
  /** Only grows; its name ends in `_total`. */
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  /** `read` is called at each scrape. */
  gauge<L extends string = never>(
    name: string,
    help: string,
    labels?: readonly L[],
    read?: (gauge: Gauge<L>) => void | Promise<void>,
  ): Gauge<L>;
  histogram<L extends string = never>(
    name: string,
    help: string,
    labels?: readonly L[],
    buckets?: readonly number[],
  ): Histogram<L>;
}

/** A registry of its own, so that several apps in one process do not mix; `app` labels every sample. */
export function createMetrics(app: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ app });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    counter: (name, help, labels = []) => {
      assertInvariant(COUNTER_NAME.test(name), `counter ${name} must match ${COUNTER_NAME.source}`);
      return new Counter({ name, help, labelNames: [...labels], registers });
    },
    gauge: (name, help, labels = [], read) => {
      assertInvariant(NAME.test(name), `gauge ${name} must match ${NAME.source}`);
      return new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers,
        ...(read === undefined
          ? {}
          : {
              collect() {
                return read(this);
              },
            }),
      });
    },
    histogram: (name, help, labels = [], buckets = DEFAULT_BUCKETS) => {
      assertInvariant(NAME.test(name), `histogram ${name} must match ${NAME.source}`);
      return new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers });
    },
  };
}
