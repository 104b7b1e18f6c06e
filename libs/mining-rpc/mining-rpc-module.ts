import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  Controller,
  type DynamicModule,
  Inject,
  Module,
  type OnModuleDestroy,
  Post,
  Req,
  Res,
} from '@nestjs/common';
import { MAX_BODY_BYTES } from './limits.js';
import type { MiningRpc } from './mining-rpc.js';
import { RPC_ERRORS } from './rpc-error.js';

/** Injection token of the process's `MiningRpc`. */
export const MINING_RPC = Symbol('MINING_RPC');
const PASSWORD = Symbol('MINING_RPC_PASSWORD');

export interface MiningRpcModuleOptions {
  readonly rpc: MiningRpc;
  /** What callers must give as password; undefined: they need none. */
  readonly password: string | undefined;
}

/** Every path is the same: miners are given a bare `http://host:port`, or whatever their setup says. */
@Controller()
class MiningRpcController {
  constructor(
    @Inject(MINING_RPC) private readonly rpc: MiningRpc,
    @Inject(PASSWORD) private readonly password: string | null,
  ) {}

  @Post('{*path}')
  async post(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    // A web page could make its visitor's browser post here; no miner sends this header.
    if (request.headers.origin !== undefined) return answer(response, 403, refusalBody('not for web pages'));
    const credentials = basicCredentials(request.headers.authorization);
    if (this.password !== null && !isSame(credentials?.password, this.password)) {
      response.setHeader('www-authenticate', 'Basic realm="cairn"');
      return answer(response, 401, refusalBody('the password is not the one of CAIRN_MINING_RPC_PASSWORD'));
    }
    const body = await readBody(request);
    if (body === undefined) {
      response.setHeader('connection', 'close');
      return answer(response, 413, refusalBody(`a request has at most ${MAX_BODY_BYTES} bytes`));
    }
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const { status, body: content } = await this.rpc.handle(body, {
      user: credentials?.user,
      signal: gone.signal,
    });
    if (!gone.signal.aborted) answer(response, status, content);
  }
}

/** JSON-RPC for miners on an HTTP app; its body parser must be off. */
@Module({})
export class MiningRpcModule implements OnModuleDestroy {
  constructor(@Inject(MINING_RPC) private readonly rpc: MiningRpc) {}

  static of({ rpc, password }: MiningRpcModuleOptions): DynamicModule {
    return {
      module: MiningRpcModule,
      controllers: [MiningRpcController],
      providers: [
        { provide: MINING_RPC, useValue: rpc },
        { provide: PASSWORD, useValue: password ?? null },
      ],
      exports: [MINING_RPC],
    };
  }

  /** Long polls would hold the server open. */
  onModuleDestroy(): void {
    this.rpc.close();
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  if (body === undefined) {
    response.end();
    return;
  }
  response.setHeader('content-type', 'application/json');
  response.end(`${JSON.stringify(body)}\n`);
}

function refusalBody(message: string): unknown {
  return { result: null, error: { code: RPC_ERRORS.invalidRequest, message }, id: null };
}

/** RFC 7617. */
function basicCredentials(
  header: string | undefined,
): { readonly user: string; readonly password: string } | undefined {
  const match = /^basic +([\w+/=-]+) *$/i.exec(header ?? '');
  if (match?.[1] === undefined) return undefined;
  const text = Buffer.from(match[1], 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Compares without telling by the time it takes how much was right. */
function isSame(given: string | undefined, expected: string): boolean {
  const digest = (text: string): Buffer => hash('sha256', text, 'buffer');
  return given !== undefined && timingSafeEqual(digest(given), digest(expected));
}

/** The body as text, or undefined where it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
