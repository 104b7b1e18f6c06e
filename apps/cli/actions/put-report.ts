import type { RedundancyProfile } from '#fragments';
import type { Quote } from '#market';
import type { FailedSource } from './local-sources.js';

/** How a put stores what it is given. */
export interface PutTerms {
  readonly profile: RedundancyProfile;
  readonly epochs: number;
  readonly fragmentSize?: number;
}

/** A file that was not stored, for programs. */
export function failedToJson({ name, error }: FailedSource): Record<string, unknown> {
  return { name, code: error.code, message: error.message };
}

/** The price of something without its lines, for programs. */
export function costToJson(quote: Quote): Record<string, unknown> {
  const { lines, ...whole } = quote;
  return whole;
}
