import { describe, expect, test } from '@jest/globals';
import { mainnet } from '#chain';
import { proofAlerts } from './proof-alerts.js';
import type { ProviderStatus } from './provider-status.js';

const { windowBlocks, epochBlocks } = mainnet.contract;
const tipHeight = 10_000;

type Proofs = ProviderStatus['proofs'];
type Window = Proofs['openWindows'][number];

function statusOf(proofs: Partial<Proofs>, problem: string | null = null): Omit<ProviderStatus, 'alerts'> {
  const none = { nextChallengeHeight: null, openWindows: [], atRisk: [], last: [], proven: 0, missed: 0 };
  return {
    node: { reachable: true, tipHeight, problem: null },
    proofs: { ...none, ...proofs },
    disk: { problem },
  } as unknown as Omit<ProviderStatus, 'alerts'>;
}

function windowOf(left: number, changes: Partial<Window> = {}): Window {
  const closesAt = tipHeight + left;
  const opensAt = closesAt - windowBlocks + mainnet.contract.proofDelayBlocks;
  return {
    contract: 'ab',
    epoch: 3,
    opensAt,
    closesAt,
    proven: false,
    ready: false,
    problem: null,
    ...changes,
  };
}

const alertsOf = (proofs: Partial<Proofs>, problem?: string) =>
  proofAlerts(statusOf(proofs, problem), mainnet).map(({ severity, code, message }) => ({
    severity,
    code,
    message,
  }));
const lost = { code: 'fragment/lost', message: 'fragment/lost: fragment cd', sinceHeight: 9_990 };

describe('alarms about proofs', () => {
  test('a proof that cannot be made is a warning while half of the window is left, then critical', () => {
    const at = (left: number) => alertsOf({ openWindows: [windowOf(left, { problem: lost })] });
    expect(at(windowBlocks)).toMatchObject([{ severity: 'warning', code: 'proof/failing' }]);
    expect(at(windowBlocks / 2 + 1)).toMatchObject([{ severity: 'warning' }]);
    expect(at(windowBlocks / 2)).toMatchObject([{ severity: 'critical' }]);
    expect(at(40)[0]?.message).toBe(
      `proof due in 40 blocks (epoch 3 of contract ab, by block ${tipHeight + 40}): fragment/lost: fragment cd, since block 9990`,
    );
    expect(at(1)[0]?.message).toContain('proof due in 1 block ');
    expect(at(0)).toEqual([]);
  });

  test('one that is on its way says nothing in the first half of its window, and is critical in the second', () => {
    expect(alertsOf({ openWindows: [windowOf(windowBlocks / 2 + 1, { ready: true })] })).toEqual([]);
    const [late] = alertsOf({ openWindows: [windowOf(windowBlocks / 2, { ready: true })] });
    expect(late).toMatchObject({ severity: 'critical', code: 'proof/due' });
    expect(late?.message).toContain('the proof is made and waits for a block');
    expect(alertsOf({ openWindows: [windowOf(3, { proven: true })] })).toEqual([]);
  });

  test('a disk that is away names the nearest deadline, of an open window or of the challenge to come', () => {
    const away = 'the volume with the fragments is not mounted at /data';
    const next = tipHeight + 100;
    expect(alertsOf({ nextChallengeHeight: next, openWindows: [windowOf(40)] }, away)).toMatchObject([
      { severity: 'critical', code: 'disk/not-mounted', message: `proof due in 40 blocks: ${away}` },
      { code: 'proof/due' },
    ]);
    expect(alertsOf({ nextChallengeHeight: next }, away)).toMatchObject([
      { severity: 'critical', message: `proof due in ${100 + windowBlocks} blocks: ${away}` },
    ]);
    expect(alertsOf({ nextChallengeHeight: tipHeight + epochBlocks }, away)).toMatchObject([
      { severity: 'warning' },
    ]);
    expect(alertsOf({}, away)).toMatchObject([{ severity: 'warning', message: away }]);
  });

  test('lost fragments are told before they are drawn, and louder when the draw is near', () => {
    const at = (nextChallengeHeight: number | null) =>
      alertsOf({ atRisk: [{ contract: 'ab', nextChallengeHeight, lostFragments: 2, fragments: 9 }] });
    expect(at(tipHeight + windowBlocks + 1)).toMatchObject([{ severity: 'warning', code: 'proof/at-risk' }]);
    expect(at(tipHeight + windowBlocks)).toMatchObject([{ severity: 'critical' }]);
    expect(at(tipHeight + 7)[0]?.message).toBe(
      '2 of the 9 fragments of contract ab are lost, its next challenge is in 7 blocks',
    );
    expect(at(null)).toMatchObject([{ severity: 'warning' }]);
  });
});
