import type { Config } from '#config';
import type { Stop } from '#lifecycle';
import { RegistryModule } from '#registry';
import { startService } from '#split-form';

/** Starts the registry service; what it returns stops it. */
export function startRegistry(config: Config): Promise<Stop> {
  return startService(config, {
    app: 'registry',
    uses: ['placement'],
    jobs: false,
    feature: () => RegistryModule.embedded(),
  });
}
