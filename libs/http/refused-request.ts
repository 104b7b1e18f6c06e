import type { Result, Violation } from '#errors';

/** A violation on its way out of a controller; answered as 422. Only edges throw it. */
export class RefusedRequest extends Error {
  constructor(readonly violation: Violation) {
    super(violation.rule);
    this.name = 'RefusedRequest';
  }
}

/** The value of a result, or its violation thrown as the answer to the request. */
export function acceptedOrThrow<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new RefusedRequest(result.violation);
}
