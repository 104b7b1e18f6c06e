import { availableParallelism, cpus, totalmem } from 'node:os';

/** What a benchmark measured: units are in the key names, null is "could not be measured" and `why` says why. */
export interface BenchReport {
  readonly figures: Readonly<Record<string, number | null>>;
  /** Quotients of two figures of the same run. */
  readonly ratios: Readonly<Record<string, number | null>>;
  readonly why?: Readonly<Record<string, string>>;
}

/** The machine a report was made on. */
export function describeMachine(): Readonly<Record<string, string | number>> {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 1024 / 1024),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
  };
}

/** The table for people. */
export function reportToTable(name: string, report: BenchReport): string {
  const lines = [`bench ${name}`];
  for (const group of ['figures', 'ratios'] as const) {
    lines.push(`  ${group}`);
    for (const [key, value] of Object.entries(report[group]))
      lines.push(
        `    ${key.padEnd(36)} ${valueToText(value).padStart(12)}  ${whyNot(report, key, value)}`.trimEnd(),
      );
  }
  return lines.join('\n');
}

/** The one line of JSON that scripts read. */
export function reportToJson(name: string, report: BenchReport): string {
  const { figures, ratios, why } = report;
  return JSON.stringify({
    bench: name,
    machine: describeMachine(),
    figures: rounded(figures),
    ratios: rounded(ratios),
    why,
  });
}

function whyNot(report: BenchReport, key: string, value: number | null): string {
  return value === null ? (report.why?.[key] ?? '') : '';
}

function valueToText(value: number | null): string {
  return value === null ? '-' : String(toThreeDigits(value));
}

function rounded(values: Readonly<Record<string, number | null>>): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, value && toThreeDigits(value)]),
  );
}

function toThreeDigits(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}
