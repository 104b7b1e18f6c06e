import type { AppError } from '#errors';

/** The fragment that a provider's refusal says it lost. */
export function lostFragmentOf(error: AppError): string | undefined {
  const { rule, details } = error.data as { rule?: unknown; details?: unknown };
  if (rule !== 'fragment/lost' && rule !== 'fragment/corrupt') return undefined;
  const { fragment, id } = (details ?? {}) as { fragment?: unknown; id?: unknown };
  const named = fragment ?? id;
  return typeof named === 'string' ? named : undefined;
}
