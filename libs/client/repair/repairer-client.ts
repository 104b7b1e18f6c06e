import type { Agent } from 'node:http';
import type { z } from 'zod';
import { AppError } from '#errors';
import {
  type RepairFileAnswer,
  type RepairFileView,
  type RepairInfo,
  type RepairStatus,
  repairFileAnswer,
  repairFileView,
  repairInfo,
  repairStatus,
} from '#wire';
import { createHttpAgent, exchange } from '../providers/http.js';

const DEFAULT_TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 1 << 20;

/** What a repairer says of itself. @throws AppError `provider/unreachable`, `repairer/refused`, `repairer/bad-answer` */
export function askRepairer(url: string, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<RepairInfo> {
  return once((agent) => ask(agent, { url, path: '/v1/repair/info', timeoutMs }, repairInfo));
}

/** Hands a signed capability over, or takes one back. */
export function sendCapability(
  agent: Agent,
  url: string,
  bytes: Uint8Array,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<RepairFileAnswer> {
  return ask(agent, { url, path: '/v1/repair/files', body: bytes, ...options }, repairFileAnswer);
}

/** How a file stands with its repairer; null where that knows nothing of it. */
export async function askRepairFile(
  agent: Agent,
  url: string,
  subject: string,
  timeoutMs = DEFAULT_TIMEOUT_MS,
): Promise<RepairFileView | null> {
  try {
    return await ask(agent, { url, path: `/v1/repair/files/${subject}`, timeoutMs }, repairFileView);
  } catch (error) {
    if (error instanceof AppError && error.data['rule'] === 'repair/not-found') return null;
    throw error;
  }
}

/** The operator's view, answered on the repairer's own machine. */
export function askRepairStatus(url: string, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<RepairStatus> {
  return once((agent) => ask(agent, { url, path: '/v1/repair/status', timeoutMs }, repairStatus));
}

async function once<T>(call: (agent: Agent) => Promise<T>): Promise<T> {
  const agent = createHttpAgent();
  try {
    return await call(agent);
  } finally {
    agent.destroy();
  }
}

async function ask<T extends z.ZodType>(
  agent: Agent,
  call: { url: string; path: string; body?: Uint8Array; timeoutMs: number; signal?: AbortSignal | undefined },
  schema: T,
): Promise<z.infer<T>> {
  const { url, path, body, timeoutMs, signal } = call;
  const answer = await exchange(agent, {
    method: body === undefined ? 'GET' : 'POST',
    url: url.replace(/\/+$/, '') + path,
    timeoutMs,
    maxAnswerBytes: MAX_ANSWER_BYTES,
    signal,
    ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/octet-stream' } }),
  });
  const json = parseJson(answer.body);
  if (answer.status < 200 || answer.status > 299) {
    const { code, detail, next } = (json ?? {}) as { code?: unknown; detail?: unknown; next?: unknown };
    const rule = String(code ?? `http-${answer.status}`);
    throw new AppError({
      code: 'repairer/refused',
      message: `The repairer at ${url} refused: ${String(detail ?? answer.status)} (${rule}).`,
      next: typeof next === 'string' ? next : 'It is tried again with the next command.',
      data: { url, status: answer.status, rule },
    });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new AppError({
    code: 'repairer/bad-answer',
    message: `What answers at ${url} is no repairer (${parsed.error.issues[0]?.message ?? 'another form'}).`,
    next: 'Check the address of the repairer.',
    data: { url },
  });
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as unknown;
  } catch {
    return undefined;
  }
}
