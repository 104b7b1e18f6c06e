import { z } from 'zod';
import { AppError } from '#errors';

/** A request to a running provider on this machine. */
export interface ProviderQuestion<T> {
  /** The address it listens on. */
  readonly url: string;
  /** Below the address, with its leading slash. */
  readonly path: string;
  readonly init?: RequestInit;
  readonly timeoutMs: number;
  readonly answer: z.ZodType<T>;
  /** What another answer means, as the end of a sentence that begins with the address. */
  readonly otherwise: string;
  /** Problems whose code begins so are thrown as the provider tells them. */
  readonly passesProblems?: readonly string[];
}

const problem = z.object({
  code: z.string(),
  detail: z.string(),
  next: z.string().optional(),
  data: z.record(z.string(), z.unknown()).optional(),
});

/**
 * The provider's answer.
 * @throws AppError `provider/unreachable`, `provider/bad-answer`
 */
export async function askProvider<T>(question: ProviderQuestion<T>): Promise<T> {
  const { url, path, init, timeoutMs, answer, otherwise } = question;
  let response: Response;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    response = await fetch(`${url.replace(/\/$/, '')}${path}`, { ...init, signal });
  } catch (cause) {
    throw new AppError({
      code: 'provider/unreachable',
      message: `no provider answers at ${url}`,
      next: 'start it with `cairn provider run`, or give the address it prints when it is ready',
      data: { url },
      cause,
    });
  }
  const body: unknown = await response.json().catch(() => undefined);
  const parsed = answer.safeParse(body);
  if (response.ok && parsed.success) return parsed.data;
  const told = problem.safeParse(body);
  if (question.passesProblems?.some((prefix) => told.data?.code.startsWith(prefix)) && told.success) {
    const { code, detail: message, next = 'see the log of the provider', data = {} } = told.data;
    throw new AppError({ code, message, next, data });
  }
  throw new AppError({
    code: 'provider/bad-answer',
    message: `${url} ${otherwise} (HTTP ${response.status})`,
    next: 'ask on the machine the provider runs on, at its own address',
    data: { url, status: response.status },
    cause: parsed.error,
  });
}
