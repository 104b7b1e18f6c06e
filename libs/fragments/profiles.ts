import { accepted, type Result, refused, type Violation } from '#errors';

/** Redundancy of a file: any k of n fragments give it back; below repairBelow live ones, repair starts. */
export interface RedundancyProfile {
  readonly k: number;
  readonly repairBelow: number;
  readonly n: number;
}

/** The profiles that have a name (docs/protocol/data-layout.md, section 1). */
export const redundancyProfiles = {
  test: { k: 2, repairBelow: 3, n: 5 },
  devnet: { k: 3, repairBelow: 4, n: 8 },
  small: { k: 4, repairBelow: 8, n: 12 },
  default: { k: 8, repairBelow: 16, n: 24 },
  wide: { k: 10, repairBelow: 20, n: 30 },
  dense: { k: 16, repairBelow: 26, n: 40 },
} as const satisfies Record<string, RedundancyProfile>;

export type ProfileName = keyof typeof redundancyProfiles;

/** GF(2^8) has 256 rows to give away. */
export const maxFragmentsPerSegment = 256;

/** A value outside its range, with the range. */
export interface LayoutViolation extends Violation {
  readonly field: string;
  readonly value: unknown;
  readonly allowed: string;
}

/** The first thing wrong with a profile, or undefined. 1 <= k < repairBelow <= n <= 256, so k < n. */
export function validateProfile(profile: RedundancyProfile): LayoutViolation | undefined {
  const { k, repairBelow, n } = profile;
  const shape = validateShape(k, n);
  if (shape !== undefined) return shape;
  if (!Number.isInteger(repairBelow) || repairBelow <= k || repairBelow > n)
    return profileViolation('repairBelow', repairBelow, `an integer from ${k + 1} (k+1) to ${n} (n)`);
  return undefined;
}

/** The first thing wrong with k and n alone, or undefined. */
export function validateShape(k: number, n: number): LayoutViolation | undefined {
  const maxDataFragments = maxFragmentsPerSegment - 1;
  if (!Number.isInteger(k) || k < 1 || k > maxDataFragments)
    return profileViolation('k', k, `an integer from 1 to ${maxDataFragments}`);
  if (!Number.isInteger(n) || n <= k || n > maxFragmentsPerSegment)
    return profileViolation('n', n, `an integer from ${k + 1} (k+1) to ${maxFragmentsPerSegment}`);
  return undefined;
}

/** Reads a profile from a person: a name (`default`) or three numbers (`8/16/24`). */
export function parseProfile(text: string): Result<RedundancyProfile, LayoutViolation> {
  if (Object.hasOwn(redundancyProfiles, text)) return accepted(redundancyProfiles[text as ProfileName]);
  const match = /^(\d{1,3})\/(\d{1,3})\/(\d{1,3})$/.exec(text);
  if (match === null) {
    const names = Object.keys(redundancyProfiles).join(', ');
    return refused(profileViolation('profile', text, `${names}, or k/repairBelow/n such as 8/16/24`));
  }
  const profile = { k: Number(match[1]), repairBelow: Number(match[2]), n: Number(match[3]) };
  const violation = validateProfile(profile);
  return violation === undefined ? accepted(profile) : refused(violation);
}

/** How a profile is written for people: `8/16/24`. */
export function profileToText(profile: RedundancyProfile): string {
  return `${profile.k}/${profile.repairBelow}/${profile.n}`;
}

/** Distinct failure domains that make an upload a success; the rest are filled in the background. */
export function uploadQuorum(profile: RedundancyProfile): number {
  return Math.min(profile.n, profile.repairBelow + 2);
}

function profileViolation(field: string, value: unknown, allowed: string): LayoutViolation {
  return { rule: 'fragments/profile', field, value, allowed };
}
