import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvariantError } from '#errors';
import type { Logger } from '#logging';
import { jsonText } from './json.js';
import { PROBLEM_CONTENT_TYPE, problemOf } from './problem.js';
import type { StatusTable } from './status-table.js';

export interface ProblemOptions {
  readonly statusTable: StatusTable;
  /** Where errors of our side are written; callers only learn that there was one. */
  readonly logger?: Logger;
}

/** Answers what was thrown as problem+json. An InvariantError is answered and then ends the process. */
export function answerProblem(
  thrown: unknown,
  request: IncomingMessage & { originalUrl?: string },
  response: ServerResponse,
  options: ProblemOptions,
): void {
  const path = (request.originalUrl ?? request.url ?? '/').split('?')[0] ?? '/';
  const problem = problemOf(thrown, path, options.statusTable);
  if (problem.status >= 500) {
    options.logger?.error(
      { err: thrown, method: request.method, path, status: problem.status },
      'request failed',
    );
  }
  if (response.headersSent) {
    // Half an answer cannot be taken back: cutting the connection is the only honest sign.
    response.destroy();
  } else {
    const body = jsonText(problem);
    response.writeHead(problem.status, {
      'content-type': PROBLEM_CONTENT_TYPE,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }
  if (thrown instanceof InvariantError) {
    setImmediate(() => {
      throw thrown;
    });
  }
}
