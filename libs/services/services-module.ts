import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { HealthCheck } from '#health';
import { assertRedisReachable } from '#redis';
import { MARKET, MARKET_CONTRACT } from './market-port.js';
import { PAYOUTS, PAYOUTS_CONTRACT } from './payouts-port.js';
import { PLACEMENT, PLACEMENT_CONTRACT } from './placement-port.js';
import { REGISTRY, REGISTRY_CONTRACT } from './registry-port.js';
import { ServiceClient, type ServiceClientOptions } from './service-client.js';

/** Injection token of the process's `ServiceClient`. */
export const SERVICE_CLIENT = Symbol('SERVICE_CLIENT');

/** The services of one operator by name, with the token of each. */
export const SERVICES = {
  market: { token: MARKET, contract: MARKET_CONTRACT },
  placement: { token: PLACEMENT, contract: PLACEMENT_CONTRACT },
  registry: { token: REGISTRY, contract: REGISTRY_CONTRACT },
  payouts: { token: PAYOUTS, contract: PAYOUTS_CONTRACT },
} as const;
export type ServiceName = keyof typeof SERVICES;

/** Provides services that run elsewhere under the same tokens as the modules that run them here. */
@Module({})
export class RemoteServicesModule implements OnApplicationShutdown {
  constructor(@Inject(SERVICE_CLIENT) private readonly client: ServiceClient) {}

  /** @throws AppError `redis/unreachable` while the app starts */
  static of(options: ServiceClientOptions, names: readonly ServiceName[]): DynamicModule {
    const chosen = names.map((name) => SERVICES[name]);
    return {
      module: RemoteServicesModule,
      global: true,
      providers: [
        {
          provide: SERVICE_CLIENT,
          useFactory: async () => {
            await assertRedisReachable(options.redisUrl);
            return new ServiceClient(options);
          },
        },
        ...chosen.map(({ token, contract }) => ({
          provide: token,
          inject: [SERVICE_CLIENT],
          useFactory: (client: ServiceClient) => client.port(contract),
        })),
      ],
      exports: [SERVICE_CLIENT, ...chosen.map(({ token }) => token)],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.client.close();
  }
}

/** Ready when each of the services is connected. */
export function serviceHealthChecks(client: ServiceClient, names: readonly ServiceName[]): HealthCheck[] {
  return names.map((name) => ({ name, check: () => client.assertRunning(SERVICES[name].contract) }));
}
