import { describe, expect, test } from '@jest/globals';
import {
  parseProfile,
  profileToText,
  type RedundancyProfile,
  redundancyProfiles,
  uploadQuorum,
  validateProfile,
} from './profiles.js';

describe('redundancy profiles', () => {
  test('the named ones are those of the protocol, and valid', () => {
    expect(
      Object.fromEntries(Object.entries(redundancyProfiles).map(([name, p]) => [name, profileToText(p)])),
    ).toEqual({
      test: '2/3/5',
      devnet: '3/4/8',
      small: '4/8/12',
      default: '8/16/24',
      wide: '10/20/30',
      dense: '16/26/40',
    });
    for (const profile of Object.values(redundancyProfiles)) expect(validateProfile(profile)).toBeUndefined();
  });

  test.each<[RedundancyProfile]>([
    [{ k: 1, repairBelow: 2, n: 2 }],
    [{ k: 255, repairBelow: 256, n: 256 }],
    [{ k: 1, repairBelow: 2, n: 256 }],
  ])('%j is at the edge and allowed', (profile) => {
    expect(validateProfile(profile)).toBeUndefined();
  });

  test.each<[RedundancyProfile, string, number, string]>([
    [{ k: 0, repairBelow: 2, n: 4 }, 'k', 0, 'from 1 to 255'],
    [{ k: 256, repairBelow: 257, n: 300 }, 'k', 256, 'from 1 to 255'],
    [{ k: 1.5, repairBelow: 2, n: 4 }, 'k', 1.5, 'from 1 to 255'],
    [{ k: Number.NaN, repairBelow: 2, n: 4 }, 'k', Number.NaN, 'from 1 to 255'],
    [{ k: 4, repairBelow: 4, n: 4 }, 'n', 4, 'from 5 (k+1) to 256'],
    [{ k: 4, repairBelow: 5, n: 257 }, 'n', 257, 'from 5 (k+1) to 256'],
    [{ k: 4, repairBelow: 4, n: 8 }, 'repairBelow', 4, 'from 5 (k+1) to 8 (n)'],
    [{ k: 4, repairBelow: 9, n: 8 }, 'repairBelow', 9, 'from 5 (k+1) to 8 (n)'],
  ])('%j is refused, naming the value and what is allowed', (profile, field, value, allowed) => {
    expect(validateProfile(profile)).toMatchObject({
      rule: 'fragments/profile',
      field,
      value,
      allowed: expect.stringContaining(allowed),
    });
  });

  test('are read by name or by numbers', () => {
    expect(parseProfile('small')).toEqual({ ok: true, value: { k: 4, repairBelow: 8, n: 12 } });
    expect(parseProfile('5/7/9')).toEqual({ ok: true, value: { k: 5, repairBelow: 7, n: 9 } });
    expect(parseProfile('9/7/5')).toMatchObject({ ok: false, violation: { field: 'n', value: 5 } });
    for (const text of ['', 'hasOwnProperty', '5-7-9', '5/7', ' small', '5/7/9/'])
      expect(parseProfile(text)).toMatchObject({ ok: false, violation: { field: 'profile', value: text } });
  });

  test('an upload succeeds at repair+2 domains, never more than n', () => {
    expect(uploadQuorum(redundancyProfiles.devnet)).toBe(6);
    expect(uploadQuorum({ k: 2, repairBelow: 4, n: 5 })).toBe(5);
  });
});
