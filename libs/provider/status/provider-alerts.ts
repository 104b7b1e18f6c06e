import type { NetworkParams } from '#chain';
import { proofAlerts } from './proof-alerts.js';
import type { ProviderAlert, ProviderStatus } from './provider-status.js';
import { volumeAlerts } from './volume-alerts.js';

/** What the operator should do something about, worst first. */
export function providerAlerts(
  status: Omit<ProviderStatus, 'alerts'>,
  params: NetworkParams,
): ProviderAlert[] {
  const alerts = [...diskAlerts(status), ...proofAlerts(status, params), ...networkAlerts(status)];
  const order = ['critical', 'warning', 'info'];
  return alerts.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

function diskAlerts({ disk }: Omit<ProviderStatus, 'alerts'>): ProviderAlert[] {
  const alerts: ProviderAlert[] = [];
  const rotten = disk.corruptFragments.length;
  if (rotten > 0) {
    alerts.push({
      severity: 'critical',
      code: 'disk/corrupt-fragments',
      message: `${rotten} stored fragment${rotten === 1 ? ' has' : 's have'} rotted or vanished: ${disk.corruptFragments[0]}${rotten > 1 ? ', …' : ''}`,
      next: 'check the disk (smartctl, dmesg); the contracts that hold them will miss proofs',
    });
  }
  return [...alerts, ...volumeAlerts(disk.volumes)];
}

function networkAlerts({ node, announced, earning }: Omit<ProviderStatus, 'alerts'>): ProviderAlert[] {
  const alerts: ProviderAlert[] = [];
  if (!node.reachable) {
    alerts.push({
      severity: 'critical',
      code: 'node/unreachable',
      message: `the node cannot be asked: ${node.problem ?? 'it has not answered yet'}`,
      next: 'start the node, or correct CAIRN_NODE_URL; nothing can be proven meanwhile',
    });
  }
  if (announced.waitingFor !== null) {
    alerts.push({
      severity: 'warning',
      code: 'offer/waiting',
      message: announced.waitingFor,
      next: 'clients find this provider once its offer is in a block',
    });
  }
  if (earning.balance === '0') {
    alerts.push({
      severity: 'warning',
      code: 'wallet/empty',
      message: 'the account is empty: no collateral can be locked for new contracts',
      next: 'send coins to the address of this provider',
    });
  }
  return alerts;
}
