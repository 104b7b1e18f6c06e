import { type DynamicModule, Module } from '@nestjs/common';
import type { Provider } from '../provider.js';
import { ContractsController } from './contracts-controller.js';
import { FragmentsController } from './fragments-controller.js';
import { OperatorController } from './operator-controller.js';
import { StatusController } from './status-controller.js';
import { PROVIDER } from './tokens.js';
import { VolumesController } from './volumes-controller.js';

/** The provider's HTTP API over an open provider. */
@Module({})
export class ProviderModule {
  static of(provider: Provider): DynamicModule {
    return {
      module: ProviderModule,
      global: true,
      controllers: [
        FragmentsController,
        ContractsController,
        StatusController,
        OperatorController,
        VolumesController,
      ],
      providers: [{ provide: PROVIDER, useValue: provider }],
      exports: [PROVIDER],
    };
  }
}
