import type { Result } from '#errors';
import { RefusedRequest } from '#http';
import { hasOwnStatus, violationToError } from './violation-status.js';

/** The value of a result, or its violation thrown for the edge to answer. */
export function valueOrProblem<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  if (hasOwnStatus(result.violation.rule)) throw violationToError(result.violation);
  throw new RefusedRequest(result.violation);
}
