const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  pib: 2 ** 50,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  pb: 1e15,
};

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * A size as people write it, in bytes: `10GiB`, `1.5 MB`, `4096`. Binary units for KiB, MiB, … and for a bare K, M,
 * G, T; decimal ones for KB, MB, …; case does not matter.
 * A fraction of a unit is rounded to whole bytes.
 * @returns undefined when the text is no size or is 2^53 bytes or more
 */
export function parseSize(text: string): number | undefined {
  return parseQuantity(text, SIZE_UNITS);
}

/** A time span as people write it, in milliseconds: `500ms`, `30s`, `1.5h`, `1d`. The unit is required. */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(text, DURATION_UNITS);
}

/** Bytes as people read them: the largest binary unit with at most two decimals (`1.5 GiB`). */
export function formatSize(sizeBytes: number | bigint): string {
  const value = Number(sizeBytes);
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let power = 0;
  while (power < units.length - 1 && roundToHundredths(value / 1024 ** power) >= 1024) power += 1;
  return `${roundToHundredths(value / 1024 ** power)} ${units[power]}`;
}

function roundToHundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  const unit = units[(match?.[2] ?? '').toLowerCase()];
  if (match === null || unit === undefined) return undefined;
  const exact = Number(match[1]) * unit;
  const value = unit === 1 ? exact : Math.round(exact);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** A folder and what it may take: `/mnt/disk2/cairn=4TiB`. Undefined where it is neither. */
export function parseVolume(
  text: string,
): { readonly path: string; readonly capacityBytes: number } | undefined {
  const at = text.lastIndexOf('=');
  const capacityBytes = parseSize(text.slice(at + 1));
  const path = text.slice(0, at);
  return path.startsWith('/') && capacityBytes !== undefined ? { path, capacityBytes } : undefined;
}
