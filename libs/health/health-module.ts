import type { ServerResponse } from 'node:http';
import {
  Controller,
  type DynamicModule,
  type FactoryProvider,
  Get,
  Inject,
  Module,
  type ModuleMetadata,
  Res,
} from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { type HealthCheck, type ReadinessReport, runChecks } from './run-checks.js';

export { type HealthCheck, type ReadinessReport, runChecks } from './run-checks.js';

const HEALTH_CHECKS = Symbol('HEALTH_CHECKS');

/** How long one check may take before it counts as failed. */
const CHECK_TIMEOUT_MS = 2_000;

/** Checks made of what the app's modules provide. */
export interface HealthChecksFactory {
  readonly imports?: ModuleMetadata['imports'];
  readonly inject: NonNullable<FactoryProvider['inject']>;
  readonly useFactory: (...provided: never[]) => readonly HealthCheck[];
}

@ApiExcludeController()
@Controller()
class HealthController {
  constructor(@Inject(HEALTH_CHECKS) private readonly checks: readonly HealthCheck[]) {}

  @Get('healthz')
  live(): { status: 'alive'; uptimeSeconds: number } {
    return { status: 'alive', uptimeSeconds: Math.round(process.uptime()) };
  }

  @Get('readyz')
  async ready(@Res({ passthrough: true }) response: ServerResponse): Promise<ReadinessReport> {
    const report = await runChecks(this.checks, CHECK_TIMEOUT_MS);
    response.statusCode = report.status === 'ready' ? 200 : 503;
    response.setHeader('cache-control', 'no-store');
    return report;
  }
}

/** Serves /healthz and /readyz (200 or 503, each check with its error and next step). */
@Module({})
export class HealthModule {
  /** With checks that need nothing injected. */
  static of(checks: readonly HealthCheck[]): DynamicModule {
    return {
      module: HealthModule,
      controllers: [HealthController],
      providers: [{ provide: HEALTH_CHECKS, useValue: checks }],
    };
  }

  /** With checks of the app's own services. */
  static from(factory: HealthChecksFactory): DynamicModule {
    return {
      module: HealthModule,
      imports: factory.imports ?? [],
      controllers: [HealthController],
      providers: [
        {
          provide: HEALTH_CHECKS,
          inject: factory.inject,
          useFactory: factory.useFactory as FactoryProvider['useFactory'],
        },
      ],
    };
  }
}
