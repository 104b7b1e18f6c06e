import type { LoggerService } from '@nestjs/common';
import type { Logger } from './logger.js';

type Level = 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal';

/** Nest's LoggerService over ours. Nest's own start-up chatter (routes, modules) is demoted to debug. */
export function createNestLogger(logger: Logger): LoggerService {
  const chatty = new Set([
    'InstanceLoader',
    'RoutesResolver',
    'RouterExplorer',
    'NestFactory',
    'NestApplication',
  ]);
  const at =
    (level: Level) =>
    (message: unknown, ...params: unknown[]): void => {
      const context = typeof params.at(-1) === 'string' ? String(params.pop()) : undefined;
      const error = message instanceof Error ? message : params.find((param) => param instanceof Error);
      const stack = params.find((param) => typeof param === 'string');
      const fields = {
        ...(context === undefined ? {} : { context }),
        ...(error === undefined ? {} : { err: error }),
        ...(error === undefined && stack !== undefined ? { stack } : {}),
      };
      const isChatter = level === 'info' && context !== undefined && chatty.has(context);
      const text =
        message instanceof Error ? message.message : typeof message === 'string' ? message : undefined;
      if (text === undefined) logger[isChatter ? 'debug' : level]({ ...fields, detail: message });
      else logger[isChatter ? 'debug' : level](fields, text);
    };
  return {
    log: at('info'),
    error: at('error'),
    warn: at('warn'),
    debug: at('debug'),
    verbose: at('trace'),
    fatal: at('fatal'),
  };
}
