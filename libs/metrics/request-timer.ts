import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { Metrics } from './metrics.js';

/** Observes how long each request takes, labelled by method, route (its template, never the ids in it) and status. */
export function createRequestTimer(metrics: Metrics): NestInterceptor {
  const durations = metrics.histogram(
    'cairn_http_request_duration_seconds',
    'Time from request to end of answer',
    ['method', 'route', 'status'],
  );
  return {
    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      if (context.getType() === 'http') {
        const startedAt = performance.now();
        const request = context.switchToHttp().getRequest<IncomingMessage & { route?: { path?: unknown } }>();
        const response = context.switchToHttp().getResponse<ServerResponse>();
        response.once('close', () => {
          const route = String(request.route?.path ?? 'unknown');
          const labels = { method: request.method ?? '', route, status: String(response.statusCode) };
          durations.observe(labels, (performance.now() - startedAt) / 1_000);
        });
      }
      return next.handle();
    },
  };
}
