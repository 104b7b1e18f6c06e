import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import helmet from 'helmet';
import { AppError } from '#errors';
import { createNestLogger, type Logger } from '#logging';
import { createHostGuard } from './allowed-host.js';
import type { ProblemOptions } from './answer-problem.js';
import { type DirectRoute, serveDirectly } from './direct-route.js';
import { toJsonValue } from './json.js';
import { type OpenApiOptions, serveOpenApi } from './openapi.js';
import { ProblemFilter } from './problem-filter.js';
import { DEFAULT_STATUS_TABLE, type StatusTable } from './status-table.js';
import { RequestValidationPipe } from './validation.js';

export interface HttpAppOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Names under which it is reached, besides any IP address, `localhost` and `host`. Others are answered with 421. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** 0: any free port. */
  readonly port: number;
  /** The setting that the port comes from, named when it is taken: `CAIRN_NODE_PORT`. */
  readonly portSetting?: string;
  readonly logger?: Logger;
  /** Serves /api/docs. */
  readonly openapi?: OpenApiOptions;
  /** Largest JSON body in bytes. Default 1 MiB. */
  readonly bodyLimitBytes?: number;
  /** Whose JSON bodies are parsed; default: all. Where bodies are files, a JSON file must come through as bytes. */
  readonly isJsonParsed?: (request: IncomingMessage) => boolean;
  /** Statuses of this app's own error codes, before the default ones. */
  readonly statusTable?: StatusTable;
  /** Answered without the framework. */
  readonly directRoutes?: readonly DirectRoute[];
  /** How long a connection without a request is kept. Default: Node's five seconds. */
  readonly keepAliveMs?: number;
}

/** An app that listens. */
export interface RunningHttpApp {
  readonly app: NestExpressApplication;
  /** `http://host:port`, with the port that the system chose. */
  readonly url: string;
  readonly port: number;
  /** Stops listening, cuts idle and streaming connections, runs the modules' shutdown hooks. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a Nest app with the house's manners and listens.
 * @throws AppError `http/port-taken`, `http/cannot-listen`
 */
export async function createHttpApp(
  module: Type | DynamicModule,
  options: HttpAppOptions,
): Promise<RunningHttpApp> {
  const logger = options.logger === undefined ? false : createNestLogger(options.logger);
  // abortOnError: Nest would end the process; the caller decides.
  const app = await NestFactory.create<NestExpressApplication>(module, {
    logger,
    abortOnError: false,
    bodyParser: false,
    forceCloseConnections: true,
  });
  prepareHttpApp(app, options);
  const running = await listenHttp(app, options);
  const server = app.getHttpServer() as Server;
  if (options.keepAliveMs !== undefined) server.keepAliveTimeout = options.keepAliveMs;
  serveDirectly(server, options.directRoutes ?? [], {
    ...problemOptions(options),
    allowedHosts: namesOf(options),
  });
  return running;
}

/** Gives a Nest app the manners: security headers, names it answers to, limits, validation, problem+json, bigint-safe JSON, /api/docs. */
export function prepareHttpApp(app: NestExpressApplication, options: Omit<HttpAppOptions, 'port'>): void {
  app.disable('x-powered-by');
  app.set('json replacer', toJsonValue);
  // Plain HTTP on a loopback or private address: no HSTS, no upgrade to https; all else as strict as it comes.
  app.use(
    helmet({
      strictTransportSecurity: false,
      contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
    }),
  );
  app.use(createHostGuard(namesOf(options)));
  const { isJsonParsed } = options;
  app.useBodyParser('json', {
    limit: options.bodyLimitBytes ?? 2 ** 20,
    ...(isJsonParsed === undefined
      ? {}
      : {
          type: (request: IncomingMessage) =>
            /^application\/([\w.+-]+\+)?json\b/i.test(request.headers['content-type'] ?? '') &&
            isJsonParsed(request),
        }),
  });
  app.useGlobalPipes(new RequestValidationPipe());
  app.useGlobalFilters(new ProblemFilter(problemOptions(options)));
  if (options.openapi !== undefined) serveOpenApi(app, options.openapi);
}

function namesOf({ host, allowedHosts = [] }: Pick<HttpAppOptions, 'host' | 'allowedHosts'>): string[] {
  return [...(host === undefined ? [] : [host]), ...allowedHosts];
}

function problemOptions({
  statusTable,
  logger,
}: Pick<HttpAppOptions, 'statusTable' | 'logger'>): ProblemOptions {
  const statuses = { ...DEFAULT_STATUS_TABLE, ...statusTable };
  return logger === undefined ? { statusTable: statuses } : { statusTable: statuses, logger };
}

/** Listens; signals stay with the caller (Nest's own hooks are off). */
export async function listenHttp(
  app: NestExpressApplication,
  options: Pick<HttpAppOptions, 'host' | 'port' | 'portSetting'>,
): Promise<RunningHttpApp> {
  const host = options.host ?? '127.0.0.1';
  try {
    await app.listen(options.port, host);
  } catch (cause) {
    await app.close().catch(() => undefined);
    throw cannotListen(host, options.port, options.portSetting, cause);
  }
  const server = app.getHttpServer() as Server;
  const { port } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  return {
    app,
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: () => {
      closed ??= app.close();
      return closed;
    },
  };
}

function cannotListen(host: string, port: number, setting: string | undefined, cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException).code;
  const change =
    setting === undefined ? 'choose another port' : `set ${setting} to another port (0: any free one)`;
  const data = { host, port, ...(setting === undefined ? {} : { setting }) };
  if (code === 'EADDRINUSE') {
    const message = `port ${port} on ${host} is already taken by another process`;
    return new AppError({
      code: 'http/port-taken',
      message,
      next: `stop that process, or ${change}`,
      data,
      cause,
    });
  }
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    const message = `cannot listen on ${host}, port ${port}: ${(cause as Error).message}`;
    return new AppError({
      code: 'http/cannot-listen',
      message,
      next: `correct CAIRN_HOST, or ${change}`,
      data,
      cause,
    });
  }
  return cause;
}
