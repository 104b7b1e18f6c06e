import type { z } from 'zod';
import type { LEDGER_METHODS, LedgerPort } from '#ledger';

/** A method of the ledger port that asks once and is answered once. */
export type LedgerMethod = (typeof LEDGER_METHODS)[number];

/** What a method is asked with; `{}` where it takes nothing. */
export type LedgerRequest<M extends LedgerMethod> =
  Parameters<LedgerPort[M]> extends [infer Request, ...unknown[]] ? Request : Record<never, never>;

/** What a method answers. */
export type LedgerAnswer<M extends LedgerMethod> = Awaited<ReturnType<LedgerPort[M]>>;

/** How one method of the ledger port travels over HTTP. */
export interface NodeRoute<M extends LedgerMethod> {
  readonly verb: 'GET' | 'POST';
  /** Under NODE_API_PATH; `:name` is a field of the request. */
  readonly path: string;
  /** The request as it arrives: path and query fields (texts) of a GET, the JSON body of a POST. */
  readonly request: z.ZodType<LedgerRequest<M>>;
  readonly answer: z.ZodType<NonNullable<LedgerAnswer<M>>>;
  /** True where nothing found is the answer null, which travels as 404 with the code NOT_FOUND_CODE. */
  readonly nullable: null extends LedgerAnswer<M> ? true : false;
  /** True where the answer may take minutes, so that the usual time-out does not apply. */
  readonly slow?: true;
  /** One line for people. */
  readonly summary: string;
}

/** Where the routes start; the number rises when an old client would misread a new node. */
export const NODE_API_PATH = '/node/v1';

/** The event stream, beside the routes. */
export const NODE_EVENTS_PATH = '/events';

/** Where the node tells of its peers; below NODE_API_PATH. Not of the ledger port: it is about the node itself. */
export const NODE_PEERS_PATH = '/peers';

/** Code of the problem that stands for the answer null. */
export const NOT_FOUND_CODE = 'ledger/not-found';

/** Names of the `:fields` of a path. */
export function pathFields(path: string): string[] {
  return [...path.matchAll(/:([a-zA-Z]+)/g)].map(([, name]) => name as string);
}

/** Path with query, and body, of a request; fields that are undefined are left out. */
export function requestToHttp(
  route: Pick<NodeRoute<LedgerMethod>, 'verb' | 'path'>,
  request: Readonly<Record<string, unknown>>,
): { readonly path: string; readonly body: string | undefined } {
  const inPath = pathFields(route.path);
  const path = route.path.replaceAll(/:([a-zA-Z]+)/g, (_, name: string) =>
    encodeURIComponent(String(request[name])),
  );
  if (route.verb === 'POST') return { path: NODE_API_PATH + path, body: JSON.stringify(request) };
  const query = new URLSearchParams(
    Object.entries(request)
      .filter(([name, value]) => value !== undefined && !inPath.includes(name))
      .map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  return { path: `${NODE_API_PATH}${path}${query === '' ? '' : `?${query}`}`, body: undefined };
}
