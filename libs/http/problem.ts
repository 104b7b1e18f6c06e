import { HttpException } from '@nestjs/common';
import { z } from 'zod';
import { AppError, violationToText } from '#errors';
import { RefusedRequest } from './refused-request.js';
import { type StatusTable, statusOfCode } from './status-table.js';
import { RequestInvalid } from './validation.js';

/** Media type of an error answer (RFC 9457). */
export const PROBLEM_CONTENT_TYPE = 'application/problem+json; charset=utf-8';

/** An error as every HTTP API of Cairn answers it: RFC 9457 plus `code`, `next` and `data`. */
export const problemSchema = z
  .object({
    type: z.string().describe('urn:cairn:problem: followed by the code'),
    title: z.string().describe('The kind of problem, the same for every occurrence'),
    status: z.number().int(),
    detail: z.string().describe('What was wrong, with the value'),
    instance: z.string().describe('The path of the request'),
    code: z.string().describe('Stable, machine-readable: area/what, or the rule that was broken'),
    next: z.string().optional().describe('What to do about it'),
    data: z.record(z.string(), z.unknown()).optional(),
    issues: z
      .array(
        z.object({ in: z.string(), field: z.string(), value: z.unknown().optional(), expected: z.string() }),
      )
      .optional(),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457)' });
export type Problem = z.infer<typeof problemSchema>;

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authenticated',
  402: 'Payment required',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Too large',
  415: 'Unsupported media type',
  421: 'Misdirected request',
  422: 'Refused by a rule',
  429: 'Too many requests',
  500: 'Internal error',
  501: 'Not implemented',
  502: 'Bad answer from another machine',
  503: 'Not available now',
  504: 'No answer in time',
  507: 'Out of space',
};

/** What was thrown, as a problem. Of errors that nobody foresaw nothing but the fact is told. */
export function problemOf(thrown: unknown, instance: string, statusTable: StatusTable): Problem {
  if (thrown instanceof RequestInvalid) {
    const next = `correct the request; see /api/docs for what is expected`;
    return problem(400, 'request/invalid', thrown.message, instance, { next, issues: [...thrown.issues] });
  }
  if (thrown instanceof RefusedRequest) {
    const { rule, ...data } = thrown.violation;
    return problem(422, rule, violationToText(thrown.violation), instance, { data });
  }
  if (thrown instanceof AppError) {
    const status = statusOfCode(thrown.code, statusTable) ?? 500;
    if (status === 500) return internal(instance, thrown.code);
    const hasData = Object.keys(thrown.data).length > 0;
    return problem(status, thrown.code, thrown.message, instance, {
      ...(thrown.next === undefined ? {} : { next: thrown.next }),
      ...(hasData ? { data: { ...thrown.data } } : {}),
    });
  }
  if (thrown instanceof HttpException) {
    const status = thrown.getStatus();
    return status >= 500
      ? { ...internal(instance), status }
      : problem(status, codeOfStatus(status), thrown.message, instance);
  }
  const status = clientErrorStatus(thrown);
  if (status !== undefined) {
    return problem(status, codeOfStatus(status), (thrown as Error).message, instance);
  }
  return internal(instance);
}

function problem(
  status: number,
  code: string,
  detail: string,
  instance: string,
  more: Partial<Problem> = {},
): Problem {
  return {
    type: `urn:cairn:problem:${code}`,
    title: TITLES[status] ?? 'Error',
    status,
    detail,
    instance,
    code,
    ...more,
  };
}

function internal(instance: string, code = 'internal/unexpected'): Problem {
  const next = "it has been logged; try again, and report it with the server's log if it stays";
  return problem(500, code, 'something went wrong on our side', instance, { next });
}

function codeOfStatus(status: number): string {
  return `http/${(TITLES[status] ?? `status-${status}`).toLowerCase().replaceAll(' ', '-')}`;
}

/** Errors of the body parser carry a status below 500 and say so (`expose`). */
function clientErrorStatus(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('status' in thrown) || !('expose' in thrown)) return undefined;
  const { status, expose } = thrown as { status: unknown; expose: unknown };
  return expose === true && typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}
