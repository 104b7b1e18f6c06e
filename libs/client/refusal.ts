import { AppError } from '#errors';

/** Whether the ledger refused what was handed in; asking it again changes nothing. */
export function isRefusal(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'ledger/refused';
}

/** The rule by which the ledger refused what was handed in; undefined where something else went wrong. */
export function refusedRule(error: unknown): string | undefined {
  if (!isRefusal(error)) return undefined;
  const { rule } = (error.data['violation'] ?? {}) as { rule?: unknown };
  return typeof rule === 'string' ? rule : undefined;
}
