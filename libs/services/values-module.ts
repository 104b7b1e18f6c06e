import { type DynamicModule, Module } from '@nestjs/common';

/** Provides what another Nest app of this process has made, under the same tokens. It closes nothing. */
@Module({})
export class ValuesModule {
  static of(values: ReadonlyMap<symbol, unknown>): DynamicModule {
    return {
      module: ValuesModule,
      global: true,
      providers: [...values].map(([provide, useValue]) => ({ provide, useValue })),
      exports: [...values.keys()],
    };
  }
}
