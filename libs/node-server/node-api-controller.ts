import type { ServerResponse } from 'node:http';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Res, type Type } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { AppError } from '#errors';
import { LastEventId, RequestInvalid } from '#http';
import { LEDGER, type LedgerPort } from '#ledger';
import {
  type LedgerMethod,
  NODE_API_PATH,
  NODE_EVENTS_PATH,
  NODE_ROUTES,
  NOT_FOUND_CODE,
  type NodeRoute,
  pathFields,
} from '#node-api';
import { serveEvents } from './serve-events.js';

type Fields = Readonly<Record<string, unknown>>;
type Handler = (this: LedgerController, path: Fields, query: Fields, body?: Fields) => Promise<unknown>;

class LedgerController {
  constructor(readonly ledger: LedgerPort) {}
}

/** The request/answer controller: one handler for each row of the route table. */
export function createNodeApiController(): Type {
  @ApiTags('node')
  @Controller(NODE_API_PATH.slice(1))
  class NodeApiController extends LedgerController {
    constructor(@Inject(LEDGER) ledger: LedgerPort) {
      super(ledger);
    }
  }
  for (const [method, route] of Object.entries(NODE_ROUTES))
    addHandler(NodeApiController, method as LedgerMethod, route as NodeRoute<LedgerMethod>);
  return NodeApiController;
}

/** The event stream. Separate, because it answers in its own time. */
@ApiTags('node')
@Controller(NODE_API_PATH.slice(1))
export class NodeEventsController {
  constructor(@Inject(LEDGER) private readonly ledger: LedgerPort) {}

  @Get(NODE_EVENTS_PATH)
  @ApiOperation({
    operationId: 'follow',
    summary: 'Blocks, reorganisations and pending transactions as they come.',
  })
  follow(@LastEventId() lastEventId: string | undefined, @Res() response: ServerResponse): Promise<void> {
    return serveEvents(this.ledger, lastEventId, response);
  }
}

function addHandler(controller: Type, method: LedgerMethod, route: NodeRoute<LedgerMethod>): void {
  const handler: Handler = async function (path, query, body) {
    const request = parseRequest(route, path, query, body);
    const ask = this.ledger[method] as (request: unknown) => Promise<unknown>;
    const answer = await ask.call(this.ledger, request);
    if (answer !== null) return answer;
    throw new AppError({
      code: NOT_FOUND_CODE,
      message: `there is no such ${method}: ${JSON.stringify(request)}`,
      next: 'check the id; what is not confirmed yet may come with the next block',
    });
  };
  const prototype = controller.prototype as object;
  const descriptor: PropertyDescriptor = { value: handler, writable: true, configurable: true };
  Object.defineProperty(prototype, method, descriptor);
  const isGet = route.verb === 'GET';
  (isGet ? Get : Post)(route.path)(prototype, method, descriptor);
  HttpCode(200)(prototype, method, descriptor);
  Param()(prototype, method, 0);
  Query()(prototype, method, 1);
  if (!isGet) Body()(prototype, method, 2);
  describe(prototype, method, route, descriptor);
}

/** What OpenAPI says of a route. */
function describe(
  prototype: object,
  method: LedgerMethod,
  route: NodeRoute<LedgerMethod>,
  descriptor: PropertyDescriptor,
): void {
  ApiOperation({ operationId: method, summary: route.summary })(prototype, method, descriptor);
  ApiResponse({ status: 200, standardSchema: route.answer })(prototype, method, descriptor);
  if (route.verb === 'POST') {
    ApiBody({ schema: jsonSchema(route.request) })(prototype, method, descriptor);
    return;
  }
  const inPath = pathFields(route.path);
  const fields = (route.request as unknown as z.ZodObject).shape;
  for (const [name, schema] of Object.entries(fields)) {
    const decorator = inPath.includes(name)
      ? ApiParam({ name, schema: jsonSchema(schema as z.ZodType) })
      : ApiQuery({ name, required: false, schema: jsonSchema(schema as z.ZodType) });
    decorator(prototype, method, descriptor);
  }
}

function jsonSchema(schema: z.ZodType): Record<string, unknown> {
  const { $schema, ...json } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return json;
}

function parseRequest(
  route: NodeRoute<LedgerMethod>,
  path: Fields,
  query: Fields,
  body: Fields | undefined,
): unknown {
  const parsed = route.request.safeParse(route.verb === 'GET' ? { ...query, ...path } : (body ?? {}));
  if (parsed.success) return parsed.data;
  throw new RequestInvalid(
    parsed.error.issues.map((issue) => {
      const name = String(issue.path[0] ?? (issue.code === 'unrecognized_keys' ? issue.keys[0] : ''));
      const where = route.verb === 'POST' ? 'body' : name in path ? 'path' : 'query';
      const sent = (where === 'body' ? body : where === 'path' ? path : query)?.[name];
      const value = typeof sent === 'string' && sent.length > 100 ? `${sent.slice(0, 100)}…` : sent;
      const known = Object.keys((route.request as unknown as z.ZodObject).shape).join(', ') || 'none';
      return {
        in: where,
        field: issue.path.length > 0 ? issue.path.map(String).join('.') : name,
        ...(value === undefined ? {} : { value }),
        expected: issue.code === 'unrecognized_keys' ? `no such field; known: ${known}` : issue.message,
      } as const;
    }),
  );
}
