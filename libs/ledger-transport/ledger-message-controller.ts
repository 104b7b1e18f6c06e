import { Controller, Inject, Module, type OnModuleDestroy, type Type } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { z } from 'zod';
import { AppError, InvariantError } from '#errors';
import { LEDGER, type LedgerPort } from '#ledger';
import { type LedgerMethod, NODE_ROUTES } from '#node-api';
import { type Envelope, errorToEnvelope } from './envelope.js';
import { FollowSessions } from './follow-sessions.js';
import { FOLLOW_PATTERN, ledgerPattern } from './patterns.js';

const followRequest = z.object({
  session: z.string().min(1).max(64),
  lastEventId: z.string().max(200),
  waitMs: z.number().int().min(0).max(20_000),
});

/** Answers the message patterns `ledger.<method>` for every method of the port, and `ledger.follow`. */
class LedgerMessages {
  readonly sessions: FollowSessions;

  constructor(readonly ledger: LedgerPort) {
    this.sessions = new FollowSessions(ledger);
  }
}

function createLedgerMessageController(): Type<LedgerMessages> {
  @Controller()
  class LedgerMessageController extends LedgerMessages implements OnModuleDestroy {
    constructor(@Inject(LEDGER) ledger: LedgerPort) {
      super(ledger);
    }

    @MessagePattern(FOLLOW_PATTERN)
    follow(@Payload() request: unknown): Promise<Envelope> {
      return answer(async () => this.sessions.read(parse(FOLLOW_PATTERN, followRequest, request)));
    }

    onModuleDestroy(): void {
      this.sessions.closeAll();
    }
  }
  for (const method of Object.keys(NODE_ROUTES) as LedgerMethod[])
    addHandler(LedgerMessageController, method);
  return LedgerMessageController;
}

/** Gives a process that has LEDGER the handlers; the transport is connected by `serveLedgerOnRedis`. */
@Module({ controllers: [createLedgerMessageController()] })
export class LedgerMessagesModule {}

function addHandler(controller: Type, method: LedgerMethod): void {
  const prototype = controller.prototype as object;
  const descriptor: PropertyDescriptor = {
    writable: true,
    configurable: true,
    value(this: LedgerMessages, request: unknown): Promise<Envelope> {
      return answer(async () => {
        const ask = this.ledger[method] as (request: unknown) => Promise<unknown>;
        return ask.call(
          this.ledger,
          parse(ledgerPattern(method), NODE_ROUTES[method].request, request ?? {}),
        );
      });
    },
  };
  Object.defineProperty(prototype, method, descriptor);
  MessagePattern(ledgerPattern(method))(prototype, method, descriptor);
  Payload()(prototype, method, 0);
}

function parse<T>(pattern: string, schema: z.ZodType<T>, request: unknown): T {
  const parsed = schema.safeParse(request);
  if (parsed.success) return parsed.data;
  throw new AppError({
    code: 'ledger/bad-request',
    message: `a request for ${pattern} is malformed: ${z.prettifyError(parsed.error)}`,
    next: 'run the same version of Cairn in every process of this operator',
  });
}

async function answer(ask: () => Promise<unknown>): Promise<Envelope> {
  try {
    return { ok: true, value: await ask() };
  } catch (error) {
    if (error instanceof AppError) return errorToEnvelope(error);
    // A broken assumption ends the process that owns the ledger, not the one that asked.
    if (error instanceof InvariantError) {
      setImmediate(() => {
        throw error;
      });
    }
    throw error;
  }
}
