/**
 * Owns: how a Nest app speaks HTTP: start and listen, the names it answers to, errors as problem+json (RFC 9457), validation of requests by
 *   zod schemas, cursor pages, JSON that knows bigints, server-sent events, OpenAPI at /api/docs.
 * Does not own: any route, the S3 gateway's XML errors, the CLI's exit codes.
 * Read next: http-app.ts, problem.ts.
 */
export type { DirectRoute } from './direct-route.js';
export {
  createHttpApp,
  type HttpAppOptions,
  listenHttp,
  prepareHttpApp,
  type RunningHttpApp,
} from './http-app.js';
export { jsonText, toJsonValue } from './json.js';
export { type OpenApiOptions, openApiDocument, serveOpenApi } from './openapi.js';
export {
  type CursorPage,
  createPage,
  decodeCursor,
  encodeCursor,
  PAGE_LIMIT_DEFAULT,
  PAGE_LIMIT_MAX,
  type PageQuery,
  pageQuerySchema,
  pageSchema,
} from './pagination.js';
export { PROBLEM_CONTENT_TYPE, type Problem, problemOf, problemSchema } from './problem.js';
export { ProblemFilter, type ProblemFilterOptions } from './problem-filter.js';
export { acceptedOrThrow, RefusedRequest } from './refused-request.js';
export {
  createEventStream,
  type EventStreamOptions,
  LastEventId,
  type StreamEvent,
} from './server-sent-events.js';
export { DEFAULT_STATUS_TABLE, type StatusTable, statusOfCode } from './status-table.js';
export { RequestInvalid, RequestValidationPipe } from './validation.js';
