import type { IncomingMessage } from 'node:http';
import { NotFoundException } from '@nestjs/common';

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

/** Answers 404 to everybody who does not ask on this machine. */
export function assertLoopback(request: IncomingMessage): void {
  // A reverse proxy on this machine speaks for strangers, and so does a page in the operator's browser.
  const isForwarded = 'x-forwarded-for' in request.headers || 'forwarded' in request.headers;
  const isPage = 'origin' in request.headers;
  if (isForwarded || isPage || !LOOPBACK.test(request.socket.remoteAddress ?? ''))
    throw new NotFoundException();
}
