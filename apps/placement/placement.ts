import { NETWORKS } from '#chain';
import type { Config } from '#config';
import type { Stop } from '#lifecycle';
import { PlacementModule } from '#placement-service';
import { startService } from '#split-form';

/** Starts the placement service; what it returns stops it. */
export function startPlacement(config: Config): Promise<Stop> {
  return startService(config, {
    app: 'placement',
    uses: [],
    jobs: true,
    feature: (logger) =>
      PlacementModule.embedded({ params: NETWORKS[config.network], dataDir: config.dataDir, logger }),
  });
}
