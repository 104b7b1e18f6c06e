import { type RedundancyProfile, redundancyProfiles } from '#fragments';
import { lossProbability, meanDaysToLoss } from '#placement';
import { type ClusterOptions, type ClusterResult, simulateCluster } from './cluster.js';

/** The seed of the committed page unless another is named. */
export const DEFAULT_SEED = 1;
export const DAYS_PER_YEAR = 365;
const HOUR = 1 / 24;
const MiB = 2 ** 20;

/** Mean lives of providers in days, and delays of repair, of the table. */
export const LIFETIME_DAYS = 3 * DAYS_PER_YEAR;
export const REPAIR_DELAYS: readonly { readonly name: string; readonly days: number | undefined }[] = [
  { name: '6 hours', days: 6 * HOUR },
  { name: '1 day', days: 1 },
  { name: '2 days', days: 2 },
  { name: '1 week', days: 7 },
  { name: '1 month', days: 30 },
  { name: 'never', days: undefined },
];

/** Loss of a file within a year, by profile and delay of repair: the closed form. */
export interface TableRow {
  readonly name: string;
  readonly profile: RedundancyProfile;
  readonly lossPerYear: readonly number[];
}

/** A simulated run beside what the closed form says of it; null where that knows nothing of outages. */
export interface RunResult {
  readonly what: string;
  readonly options: Omit<ClusterOptions, 'seed'>;
  readonly result: ClusterResult;
  readonly expectedLosses: number | null;
}

/** Everything the page shows. */
export interface DurabilityResults {
  readonly seed: number;
  readonly table: readonly TableRow[];
  readonly frail: readonly RunResult[];
  readonly outages: readonly RunResult[];
  readonly large: readonly RunResult[];
}

/** Loss by profile and delay of repair. */
export function durabilityTable(): TableRow[] {
  return Object.entries(redundancyProfiles).map(([name, profile]) => ({
    name,
    profile,
    lossPerYear: REPAIR_DELAYS.map(({ days }) =>
      lossProbability(profile, { meanLifetimeDays: LIFETIME_DAYS, repairDays: days }, DAYS_PER_YEAR),
    ),
  }));
}

const fragile = {
  providers: 2_000,
  segments: 4_000,
  years: 10,
  meanLifetimeDays: 60,
  repairDelay: 'exponential',
  fragmentBytes: MiB,
} as const;

/** Lives so short that losses can be counted. */
const FRAIL: readonly (Omit<ClusterOptions, 'seed'> & { what: string })[] = [
  { what: 'test', ...fragile, profile: redundancyProfiles.test, repairDays: 10 },
  { what: 'devnet', ...fragile, profile: redundancyProfiles.devnet, repairDays: 30 },
  { what: 'small', ...fragile, profile: redundancyProfiles.small, repairDays: 60 },
  { what: 'default', ...fragile, profile: redundancyProfiles.default, repairDays: 60 },
  { what: 'wide', ...fragile, profile: redundancyProfiles.wide, repairDays: 60 },
  { what: 'dense', ...fragile, profile: redundancyProfiles.dense, repairDays: 40 },
];

/** A region in fifty falls every month; a tenth of what was in it never returns, the rest after three days. */
const regional = { regions: 50, perYear: 12, lostShare: 0.1, days: 3 } as const;
/** A region burns down for good, once a year. */
const burning = { regions: 50, perYear: 1, lostShare: 1, days: 1 } as const;
const lasting = {
  providers: 5_000,
  segments: 20_000,
  years: 10,
  meanLifetimeDays: LIFETIME_DAYS,
  repairDelay: 'fixed',
  repairDays: 2,
  fragmentBytes: MiB,
  profile: redundancyProfiles.default,
} as const;

const OUTAGES: readonly (Omit<ClusterOptions, 'seed'> & { what: string })[] = [
  { what: 'outages, one fragment a region', ...lasting, outages: regional, spreadOverRegions: true },
  { what: 'outages, placed anywhere', ...lasting, outages: regional, spreadOverRegions: false },
  { what: 'fires, one fragment a region', ...lasting, outages: burning, spreadOverRegions: true },
  { what: 'fires, placed anywhere', ...lasting, outages: burning, spreadOverRegions: false },
];

/** 1 EiB of user data at 8/16/24 on a hundred thousand providers, seen through a sample of its segments. */
export const LARGE_PROVIDERS = 100_000;
export const LARGE_USER_BYTES = 2 ** 60;
const LARGE_FRAGMENT_BYTES = 4 * MiB;
const LARGE_SAMPLE = 100_000;
const SECONDS_PER_DAY = 86_400;

/** Segments of all the data of the large network. */
export function largeSegments(): number {
  return LARGE_USER_BYTES / (redundancyProfiles.default.k * LARGE_FRAGMENT_BYTES);
}

/** A provider's bandwidth for repair, in bytes a second, as bytes a day of the whole sample. */
function sampleBytesPerDay(bytesPerSecondEach: number): number {
  return ((bytesPerSecondEach * LARGE_PROVIDERS * LARGE_SAMPLE) / largeSegments()) * SECONDS_PER_DAY;
}

/** What each provider gives to repair, in bytes a second, in the runs of the large network. */
export const LARGE_BANDWIDTHS = [4 * MiB, MiB, MiB / 4] as const;

const LARGE: readonly (Omit<ClusterOptions, 'seed'> & { what: string })[] = LARGE_BANDWIDTHS.map((each) => ({
  what: `${each / 1024} KiB/s of each provider for repair`,
  ...lasting,
  providers: LARGE_PROVIDERS,
  segments: LARGE_SAMPLE,
  years: 5,
  fragmentBytes: LARGE_FRAGMENT_BYTES,
  repairBytesPerDay: sampleBytesPerDay(each),
  outages: { ...regional, regions: 200 },
  spreadOverRegions: true,
}));

/** Runs everything. */
export function runDurability(seed: number, say: (line: string) => void): DurabilityResults {
  const run = ({ what, ...options }: Omit<ClusterOptions, 'seed'> & { what: string }): RunResult => {
    say(`${what}: ${options.segments} segments, ${options.years} years`);
    const result = simulateCluster({ ...options, seed });
    const days = meanDaysToLoss(options.profile, options);
    const isIndependent = options.outages === undefined;
    return {
      what,
      options,
      result,
      expectedLosses: isIndependent ? (result.segmentYears * DAYS_PER_YEAR) / days : null,
    };
  };
  return {
    seed,
    table: durabilityTable(),
    frail: FRAIL.map(run),
    outages: OUTAGES.map(run),
    large: LARGE.map(run),
  };
}
