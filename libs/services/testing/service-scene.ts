import { join } from 'node:path';
import type { LedgerPort } from '#ledger';
import { createMarketService } from '#market-service';
import { createPayoutsService, SummaryBook } from '#payouts';
import { createPlacementService, LivenessRecord } from '#placement-service';
import { createRegistryService } from '#registry';
import type { ContractScenario } from '../../../contracts/testing/contract-scenario.js';
import { usualOffer } from '../../../contracts/testing/contract-scenario.js';
import { stageMarket, TestLedger, type Wallet } from '../../ledger/testing/index.js';
import type { MarketPort } from '../market-port.js';
import type { PayoutsPort } from '../payouts-port.js';
import type { PlacementPort } from '../placement-port.js';
import type { RegistryPort } from '../registry-port.js';

/** The four services in this process, on one ledger. */
export interface LocalPorts {
  readonly market: MarketPort;
  readonly placement: PlacementPort;
  readonly registry: RegistryPort;
  readonly payouts: PayoutsPort;
}

/** A port as its user has it. */
export interface ConnectedPort<P> {
  readonly port: P;
  close(): Promise<void>;
}

/** How a suite reaches a service. */
export type ConnectPort = <N extends keyof LocalPorts>(
  name: N,
  local: LocalPorts,
) => Promise<ConnectedPort<LocalPorts[N]>>;

/** A contract with its first epoch proven, its provider, two more providers, and the services over them. */
export class ServiceScene {
  private constructor(
    readonly test: TestLedger,
    readonly contract: ContractScenario,
    readonly others: readonly Wallet[],
    readonly record: LivenessRecord,
    readonly ports: LocalPorts,
  ) {}

  static async open(): Promise<ServiceScene> {
    const test = await TestLedger.open();
    try {
      const contract = await stageMarket(test);
      const others = [test.wallet('second provider'), test.wallet('third provider')];
      await test.fund(10n ** 12n, ...others);
      for (const [index, wallet] of others.entries()) {
        const addresses = [`http://127.0.0.1:${7_200 + index}`];
        await test.send(wallet, { kind: 'offer', body: usualOffer(wallet) });
        await test.send(wallet, {
          kind: 'endpoint',
          body: { addresses, owner: `owner ${index}`, region: 'here', ttlBlocks: 1_000 },
        });
        await test.mine();
      }
      await test.ledger.indexed();
      const record = await LivenessRecord.open(join(test.dataDir, 'liveness.json'));
      return new ServiceScene(test, contract, others, record, localPorts(test, record));
    } catch (error) {
      await test.close();
      throw error;
    }
  }

  get ledger(): LedgerPort {
    return this.test.ledger;
  }

  close(): Promise<void> {
    return this.test.close();
  }
}

function localPorts({ ledger, law }: TestLedger, record: LivenessRecord): LocalPorts {
  const { params } = law;
  const placement = createPlacementService({ ledger, params, record });
  const registry = createRegistryService({ ledger, placement });
  return {
    placement,
    market: createMarketService({ ledger, placement, registry, params }),
    registry,
    payouts: createPayoutsService({ ledger, params, book: new SummaryBook(ledger) }),
  };
}
