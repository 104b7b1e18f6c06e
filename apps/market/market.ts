import { NETWORKS } from '#chain';
import type { Config } from '#config';
import type { Stop } from '#lifecycle';
import { MarketModule } from '#market-service';
import { startService } from '#split-form';

/** Starts the market service; what it returns stops it. */
export function startMarket(config: Config): Promise<Stop> {
  return startService(config, {
    app: 'market',
    uses: ['placement', 'registry'],
    jobs: false,
    feature: () => MarketModule.embedded(NETWORKS[config.network]),
  });
}
