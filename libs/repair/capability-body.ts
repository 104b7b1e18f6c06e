import type { IncomingMessage } from 'node:http';
import { AppError } from '#errors';

/** How a body must arrive. */
export interface BodyLimits {
  readonly maxBytes: number;
  /** From here on the whole of it must have come at the least rate, on average. */
  readonly graceMs: number;
  readonly bytesPerSecond: number;
}

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;
const CHECKS_PER_GRACE = 4;

/** Whether a request comes from this machine; a reverse proxy here speaks for strangers. */
export function isLoopback({ socket }: IncomingMessage): boolean {
  return LOOPBACK.test(socket.remoteAddress ?? '');
}

/**
 * Whom a request comes from, as far as it counts who takes places: an address, the subnet of a home for IPv6. Behind a
 * reverse proxy on this machine it is whom the proxy saw; undefined: this machine itself.
 */
export function senderOf(request: IncomingMessage): string | undefined {
  // What stands before the last one was written by the sender.
  const seen = isLoopback(request)
    ? String(request.headers['x-forwarded-for'] ?? '')
        .split(',')
        .at(-1)
        ?.trim()
    : request.socket.remoteAddress;
  if (seen === undefined || seen === '') return undefined;
  const address = seen.replace(/^::ffff:(?=\d+\.)/, '');
  return address.includes(':') ? address.split(':').slice(0, 4).join(':') : address;
}

/**
 * All of a body, within its time: whoever sends slower than the least rate holds a place that others wait for.
 * @throws AppError `repair/too-large`, `repair/too-slow`, `repair/bad-request`
 */
export function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Uint8Array> {
  const { maxBytes, graceMs, bytesPerSecond } = limits;
  const declared = Number(request.headers['content-length'] ?? Number.NaN);
  if (declared > maxBytes) return Promise.reject(tooLarge(declared, maxBytes));
  return new Promise((resolve, reject) => {
    const since = performance.now();
    const parts: Uint8Array[] = [];
    let sizeBytes = 0;
    const settle = (end: () => void): void => {
      clearInterval(timer);
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      // What breaks now is nobody's any more.
      request.on('error', () => undefined).pause();
      end();
    };
    const onData = (part: Uint8Array): void => {
      sizeBytes += part.length;
      if (sizeBytes > maxBytes) settle(() => reject(tooLarge(sizeBytes, maxBytes)));
      else parts.push(part);
    };
    const onEnd = (): void => settle(() => resolve(new Uint8Array(Buffer.concat(parts))));
    const onGone = (cause?: unknown): void => settle(() => reject(wentAway(cause)));
    const onTime = (): void => {
      const lateMs = performance.now() - since - graceMs;
      if (sizeBytes < (lateMs / 1_000) * bytesPerSecond || (lateMs > 0 && sizeBytes === 0))
        settle(() => reject(tooSlow(sizeBytes, limits)));
    };
    const timer = setInterval(onTime, Math.max(10, graceMs / CHECKS_PER_GRACE));
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

function tooLarge(sizeBytes: number, maxBytes: number): AppError {
  return new AppError({
    code: 'repair/too-large',
    message: `A capability of ${sizeBytes} bytes is more than this repairer takes (${maxBytes}).`,
    next: 'Store the file with larger fragments, or in parts; a larger file needs a repairer with a higher limit.',
    data: { sizeBytes, maxBytes },
  });
}

function tooSlow(sizeBytes: number, { graceMs, bytesPerSecond }: BodyLimits): AppError {
  return new AppError({
    code: 'repair/too-slow',
    message: `Only ${sizeBytes} bytes came; after ${graceMs} ms a capability must arrive at ${bytesPerSecond} bytes a second at least.`,
    next: 'Send it again over a faster line; nothing was kept.',
    data: { sizeBytes, graceMs, bytesPerSecond },
  });
}

function wentAway(cause: unknown): AppError {
  return new AppError({
    code: 'repair/bad-request',
    message: 'The sender went away before the whole capability had arrived.',
    next: 'Send it again; nothing was kept.',
    cause,
  });
}
