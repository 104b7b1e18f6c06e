import type { ServerResponse } from 'node:http';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { LedgerPort } from '#ledger';

/** Header of every answer: height of the tip when the request was read. */
export const TIP_HEIGHT_HEADER = 'cairn-tip-height';
/** Header of every answer: id of that tip. */
export const TIP_ID_HEADER = 'cairn-tip-id';

/** Says with every answer at which tip it was made: two answers of one tip belong together, others may not. */
export function createTipHeaders(ledger: LedgerPort): NestInterceptor {
  return {
    async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
      if (context.getType() === 'http' && Reflect.getMetadata(WITH_TIP, context.getClass()) === true) {
        const { tip } = await ledger.status();
        const response = context.switchToHttp().getResponse<ServerResponse>();
        response.setHeader(TIP_HEIGHT_HEADER, String(tip.height));
        response.setHeader(TIP_ID_HEADER, tip.id);
        response.setHeader('cache-control', 'no-store');
      }
      return next.handle();
    },
  };
}

const WITH_TIP = Symbol('WITH_TIP');

/** Marks a controller whose answers carry the tip. */
export function WithTip(): ClassDecorator {
  return (target) => Reflect.defineMetadata(WITH_TIP, true, target);
}
