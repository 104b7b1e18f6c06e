import type { VolumeView } from '#fragment-store';
import type { ProviderAlert } from './provider-status.js';

/** Full beyond this share of what it may hold: time to add a volume. */
const NEAR_FULL = 0.9;
/** A healthy disk answers a hundred times faster. */
const SLOW_MS = 1_000;

/** What is wrong with single volumes; one that is away is told with the proofs that are due. */
export function volumeAlerts(volumes: readonly VolumeView[]): ProviderAlert[] {
  return volumes.flatMap((volume) => [
    ...stateAlerts(volume),
    ...roomAlerts(volume),
    ...speedAlerts(volume),
    ...moveAlerts(volume),
  ]);
}

function stateAlerts({ state, mode, why, path, id, diskErrors }: VolumeView): ProviderAlert[] {
  if (state === 'read-only' && why !== null) {
    return [
      {
        severity: 'critical',
        code: 'volume/disk-errors',
        message: `nothing more is written to ${path}: ${why}`,
        next: `check the disk (smartctl, dmesg), then \`cairn provider volume drain ${short(id)}\`, or \`writable\``,
      },
    ];
  }
  if (diskErrors === 0 || state !== mode) return [];
  return [
    {
      severity: 'warning',
      code: 'volume/disk-errors',
      message: `the disk under ${path} answered ${diskErrors} request${diskErrors === 1 ? '' : 's'} with an error`,
      next: 'check the disk (smartctl, dmesg)',
    },
  ];
}

function roomAlerts(volume: VolumeView): ProviderAlert[] {
  const { path, state, capacityBytes, allocatedBytes, diskFreeBytes, reserveBytes } = volume;
  if (state !== 'active' || diskFreeBytes === null) return [];
  const left = capacityBytes - allocatedBytes;
  if (diskFreeBytes < reserveBytes) {
    return [
      {
        severity: 'critical',
        code: 'disk/low',
        message: `only ${diskFreeBytes} bytes are free on the disk of ${path}: nothing more is put there`,
        next: 'free some space, or add a volume on another disk',
      },
    ];
  }
  if (diskFreeBytes - reserveBytes < left) {
    return [
      {
        severity: 'warning',
        code: 'disk/over-promised',
        message: `${path} may hold ${left} bytes more, but its disk has room for ${diskFreeBytes - reserveBytes}`,
        next: 'free some space, or give the volume a smaller capacity',
      },
    ];
  }
  if (allocatedBytes < NEAR_FULL * capacityBytes) return [];
  return [
    {
      severity: 'warning',
      code: 'volume/near-full',
      message: `${path} holds ${allocatedBytes} of ${capacityBytes} bytes`,
      next: 'add a volume, or enlarge this one where its disk has room',
    },
  ];
}

function speedAlerts({ path, readLatencyMs, writeLatencyMs }: VolumeView): ProviderAlert[] {
  const slowest = Math.max(readLatencyMs ?? 0, writeLatencyMs ?? 0);
  if (slowest < SLOW_MS) return [];
  return [
    {
      severity: 'warning',
      code: 'volume/slow',
      message: `the disk under ${path} takes ${Math.round(slowest)} ms for a fragment`,
      next: 'see what else keeps the disk busy (iostat -x), or drain the volume',
    },
  ];
}

function moveAlerts({ path, move }: VolumeView): ProviderAlert[] {
  if (move === null || move.problem === null) return [];
  return [
    {
      severity: 'warning',
      code: 'volume/stuck',
      message: `${path} cannot be emptied: ${move.problem}`,
      next: 'add a volume, or see which fragments are damaged in the log',
    },
  ];
}

/** As the command line shows it. */
function short(id: string): string {
  return id.slice(0, 8);
}
