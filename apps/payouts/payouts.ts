import { NETWORKS } from '#chain';
import type { Config } from '#config';
import type { Stop } from '#lifecycle';
import { PayoutsModule } from '#payouts';
import { startService } from '#split-form';

/** Starts the payouts service; what it returns stops it. */
export function startPayouts(config: Config): Promise<Stop> {
  return startService(config, {
    app: 'payouts',
    uses: [],
    jobs: true,
    feature: (logger) => PayoutsModule.embedded({ params: NETWORKS[config.network], logger }),
  });
}
