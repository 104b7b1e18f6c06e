import { describe, expect, test } from '@jest/globals';
import type { VolumeView } from '#fragment-store';
import { volumeAlerts } from './volume-alerts.js';

const GIB = 2 ** 30;
const healthy: VolumeView = {
  id: 'ab'.repeat(16),
  path: '/mnt/disk',
  state: 'active',
  mode: 'active',
  why: null,
  capacityBytes: 100 * GIB,
  fragments: 10,
  usedBytes: 10 * GIB,
  allocatedBytes: 10 * GIB,
  diskFreeBytes: 200 * GIB,
  reserveBytes: GIB,
  roomBytes: 90 * GIB,
  rotten: 0,
  lost: 0,
  unreadable: 0,
  diskErrors: 0,
  readLatencyMs: 3,
  writeLatencyMs: 12,
  move: null,
  scrub: { running: null, last: null },
};
const alertsOf = (changes: Partial<VolumeView>) =>
  volumeAlerts([{ ...healthy, ...changes }]).map(({ severity, code, message }) => ({
    severity,
    code,
    message,
  }));

describe('alarms about volumes', () => {
  test('a healthy one says nothing, and one that is away is told elsewhere', () => {
    expect(alertsOf({})).toEqual([]);
    expect(alertsOf({ state: 'offline', diskFreeBytes: null, why: 'away' })).toEqual([]);
    expect(alertsOf({ state: 'read-only', mode: 'read-only' })).toEqual([]);
  });

  test('errors of a disk warn; once nothing is written to it any more they are critical', () => {
    expect(alertsOf({ diskErrors: 1 })).toMatchObject([{ severity: 'warning', code: 'volume/disk-errors' }]);
    const [alert] = alertsOf({
      state: 'read-only',
      mode: 'read-only',
      why: '3 errors of its disk',
      diskErrors: 3,
    });
    expect(alert).toMatchObject({ severity: 'critical', code: 'volume/disk-errors' });
    expect(alert?.message).toBe('nothing more is written to /mnt/disk: 3 errors of its disk');
  });

  test('near full, more promised than the disk has, and full are told apart', () => {
    expect(alertsOf({ allocatedBytes: 90 * GIB })).toMatchObject([
      { severity: 'warning', code: 'volume/near-full' },
    ]);
    expect(alertsOf({ allocatedBytes: 89 * GIB })).toEqual([]);
    expect(alertsOf({ diskFreeBytes: 91 * GIB })).toEqual([]);
    expect(alertsOf({ diskFreeBytes: 91 * GIB - 1 })).toMatchObject([
      { severity: 'warning', code: 'disk/over-promised' },
    ]);
    expect(alertsOf({ diskFreeBytes: GIB - 1 })).toMatchObject([{ severity: 'critical', code: 'disk/low' }]);
  });

  test('a slow disk, and a volume that cannot be emptied', () => {
    expect(alertsOf({ writeLatencyMs: 1_000 })).toMatchObject([{ severity: 'warning', code: 'volume/slow' }]);
    expect(alertsOf({ readLatencyMs: 999 })).toEqual([]);
    const move = { movedFragments: 1, movedBytes: 1, leftFragments: 9, problem: '9 fragments wait' };
    expect(alertsOf({ move })).toEqual([
      { severity: 'warning', code: 'volume/stuck', message: '/mnt/disk cannot be emptied: 9 fragments wait' },
    ]);
    expect(alertsOf({ move: { ...move, problem: null } })).toEqual([]);
  });
});
