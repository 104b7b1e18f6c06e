import { type DynamicModule, Module } from '@nestjs/common';
import { HealthModule } from '#health';
import { MetricsModule } from '#metrics';
import {
  PROVIDER,
  type Provider,
  ProviderMetricsModule,
  ProviderModule,
  providerHealthCheck,
} from '#provider';

/** The process: a provider's API, its health and its metrics. */
@Module({})
export class ProviderAppModule {
  static of(provider: Provider): DynamicModule {
    return {
      module: ProviderAppModule,
      imports: [
        ProviderModule.of(provider),
        MetricsModule.forApp('provider'),
        ProviderMetricsModule,
        HealthModule.from({
          inject: [PROVIDER],
          useFactory: (open: Provider) => [providerHealthCheck(open)],
        }),
      ],
    };
  }
}
