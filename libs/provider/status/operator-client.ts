import { z } from 'zod';
import { askProvider } from './ask-provider.js';

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
  return askProvider({
    url,
    path: `/v1/operator/${action}`,
    init: {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(contracts === undefined ? {} : { contracts }),
    },
    timeoutMs,
    answer: outcomes,
    otherwise: 'did not do as told',
  });
}
