import { Controller, Inject, type Type } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { AppError, InvariantError } from '#errors';
import { messagePattern, type PortOf, type ServiceContract } from './service-contract.js';
import { type Envelope, errorToEnvelope } from './service-error.js';

type AnyPort = Readonly<Record<string, (request: unknown) => Promise<unknown>>>;

class ServiceController {
  constructor(readonly port: AnyPort) {}
}

/** The controller that answers a service's messages: one handler for each row of its table. */
export function createMessageController<C extends ServiceContract>(contract: C, token: symbol): Type {
  @Controller()
  class MessageController extends ServiceController {
    constructor(@Inject(token) port: PortOf<C>) {
      super(port as unknown as AnyPort);
    }
  }
  for (const method of Object.keys(contract.methods)) {
    const handler = function (this: ServiceController, request: unknown): Promise<Envelope> {
      return answerMessage(() => this.port[method]?.(request));
    };
    const descriptor: PropertyDescriptor = { value: handler, writable: true, configurable: true };
    Object.defineProperty(MessageController.prototype, method, descriptor);
    MessagePattern(messagePattern(contract.service, method))(MessageController.prototype, method, descriptor);
  }
  return MessageController;
}

/** The world's faults travel; our own end the process, as everywhere. */
async function answerMessage(answer: () => Promise<unknown> | undefined): Promise<Envelope> {
  try {
    return { ok: true, value: (await answer()) ?? null };
  } catch (error) {
    if (error instanceof AppError) return errorToEnvelope(error);
    setImmediate(() => {
      throw error instanceof Error ? error : new InvariantError(String(error));
    });
    return errorToEnvelope(
      new AppError({
        code: 'internal/unexpected',
        message: 'something went wrong on the side of the service',
      }),
    );
  }
}
