import { z } from 'zod';
import { AppError } from '#errors';

const outcomes = z.array(
  z.object({
    contract: z.string(),
    epoch: z.number().int().optional(),
    transaction: z.string().optional(),
    why: z.string().optional(),
  }),
);
export type OperatorAnswer = z.infer<typeof outcomes>;

/**
 * Tells a running provider on this machine to skip the next epoch (maintenance) or to leave; all contracts unless some
 * are named.
 * @throws AppError `provider/unreachable`, `provider/bad-answer`
 */
export async function tellProvider(
  url: string,
  action: 'skip' | 'drain',
  contracts?: readonly string[],
  timeoutMs = 60_000,
): Promise<OperatorAnswer> {
  let response: Response;
  try {
    response = await fetch(`${url.replace(/\/$/, '')}/v1/operator/${action}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(contracts === undefined ? {} : { contracts }),
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (cause) {
    throw new AppError({
      code: 'provider/unreachable',
      message: `no provider answers at ${url}`,
      next: 'start it with `cairn provider run`, or give the address it prints when it is ready',
      data: { url },
      cause,
    });
  }
  const parsed = outcomes.safeParse(await response.json().catch(() => undefined));
  if (response.ok && parsed.success) return parsed.data;
  throw new AppError({
    code: 'provider/bad-answer',
    message: `${url} did not do as told (HTTP ${response.status})`,
    next: 'ask on the machine the provider runs on, at its own address',
    data: { url, status: response.status },
    cause: parsed.error,
  });
}
