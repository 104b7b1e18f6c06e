import type { ServerResponse } from 'node:http';
import { Controller, type DynamicModule, Get, Inject, Module, Res } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { ApiExcludeController } from '@nestjs/swagger';
import { createMetrics, type Metrics } from './metrics.js';
import { createRequestTimer } from './request-timer.js';

/** Injection token of the app's `Metrics`. */
export const METRICS = Symbol('METRICS');

@ApiExcludeController()
@Controller()
class MetricsController {
  constructor(@Inject(METRICS) private readonly metrics: Metrics) {}

  @Get('metrics')
  async scrape(@Res() response: ServerResponse): Promise<void> {
    const text = await this.metrics.registry.metrics();
    response.setHeader('content-type', this.metrics.registry.contentType);
    response.end(text);
  }
}

/** Provides `METRICS`, serves /metrics and times every request by its route. */
@Module({})
export class MetricsModule {
  static forApp(app: string): DynamicModule {
    return {
      module: MetricsModule,
      global: true,
      controllers: [MetricsController],
      providers: [
        { provide: METRICS, useFactory: () => createMetrics(app) },
        { provide: APP_INTERCEPTOR, inject: [METRICS], useFactory: createRequestTimer },
      ],
      exports: [METRICS],
    };
  }
}
