import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createHostGuard } from './allowed-host.js';
import { answerProblem, type ProblemOptions } from './answer-problem.js';

/**
 * A route that answers before the framework sees the request: for the few paths where thousands of requests carry
 * bytes and the framework's own work would be the larger part. Undefined: not a request of this route. What the answer
 * rejects with is answered like any error of a controller.
 */
export type DirectRoute = (
  request: IncomingMessage,
) => ((response: ServerResponse) => Promise<void>) | undefined;

/** What helmet says on every other answer, as far as it means anything beside bytes and JSON. */
const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  ['content-security-policy', "default-src 'none'"],
  ['cross-origin-resource-policy', 'same-origin'],
  ['x-content-type-options', 'nosniff'],
];

/** Puts routes before the listener that a server has. Names it is not known by are refused as by the framework. */
export function serveDirectly(
  server: Server,
  routes: readonly DirectRoute[],
  options: ProblemOptions & { readonly allowedHosts: readonly string[] },
): void {
  const [framework] = server.listeners('request') as RequestListener[];
  if (framework === undefined || routes.length === 0) return;
  const guard = createHostGuard(options.allowedHosts);
  server.removeListener('request', framework);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    let misdirected: unknown;
    guard(request, response, (error) => {
      misdirected = error;
    });
    // The framework answers it.
    if (misdirected !== undefined) return framework(request, response);
    for (const route of routes) {
      const answer = route(request);
      if (answer === undefined) continue;
      for (const [name, value] of SECURITY_HEADERS) response.setHeader(name, value);
      answer(response).catch((error: unknown) => answerProblem(error, request, response, options));
      return;
    }
    framework(request, response);
  });
}
