import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { AppError } from '#errors';

/** The setting that allows further names. */
const SETTING = 'CAIRN_ALLOWED_HOSTS';

/**
 * Middleware that refuses a request made under a name which this app is not known by. A web page anywhere can point a
 * name of its own at 127.0.0.1 and would then count as the same origin as our API (DNS rebinding); an IP literal and
 * `localhost` are nobody's to point. A request without a Host (HTTP/1.0) passes: browsers always send one.
 */
export function createHostGuard(
  names: readonly string[],
): (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void {
  const allowed = new Set(['localhost', ...names].map(canonical));
  return (request, _response, next) => {
    const { host } = request.headers;
    if (host === undefined) return next();
    const name = hostName(host);
    if (name !== undefined && (isIP(name) !== 0 || allowed.has(name))) return next();
    next(hostNotAllowed(host));
  };
}

/** The name in a Host header (RFC 9110, 7.2) without port, brackets and a final dot; undefined: it is none. */
function hostName(host: string): string | undefined {
  const match = /^(?:\[([\da-f:.]+)\]|([^:[\]/@\s]+))(?::\d*)?$/i.exec(host);
  const name = match?.[1] ?? match?.[2];
  return name === undefined ? undefined : canonical(name);
}

function canonical(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

function hostNotAllowed(host: string): AppError {
  const shown = host.length > 100 ? `${host.slice(0, 100)}…` : host;
  return new AppError({
    code: 'http/host-not-allowed',
    message: `the request is for the host ${JSON.stringify(shown)}, a name that this app is not known by`,
    next: `ask for it by IP address or localhost; if the name is yours, add it to ${SETTING} where this app runs and start it again`,
    data: { host: shown, setting: SETTING },
  });
}
