import type { IncomingMessage, ServerResponse } from 'node:http';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import type { z } from 'zod';
import {
  type AuditAnswer,
  auditRequest,
  NEGOTIATION_ASK_HEADER,
  type ProposalRequest,
  type ProviderInfo,
  proposalRequest,
  type ReservationAnswer,
  type ReservationRequest,
  type RevisionAnswer,
  type RevisionRequest,
  type RoomAnswer,
  type RoomRequest,
  reservationRequest,
  revisionRequest,
  roomRequest,
  TICKET_HEADER,
  TICKET_USE_HEADER,
  VERDICT_HEADER,
  type VerdictAnswer,
  verdictToHeader,
  type WithdrawalRequest,
  withdrawalRequest,
} from '#wire';
import type { Provider } from '../provider.js';
import { valueOrProblem } from './answer.js';
import { PROVIDER } from './tokens.js';

/** Everything about contracts that is not bytes. */
@Controller('v1')
export class ContractsController {
  constructor(@Inject(PROVIDER) private readonly provider: Provider) {}

  @Get('info')
  @ApiOperation({ operationId: 'providerInfo', summary: 'What this provider says of itself' })
  async info(): Promise<ProviderInfo> {
    const { context, watch } = this.provider;
    const { params, records, store, terms } = context;
    const offer = await watch.offerOnChain().catch(() => null);
    return {
      providerKey: context.providerKey,
      address: context.address,
      network: params.name,
      protocolVersion: params.protocolVersion,
      capacityBytes: String(store.capacityBytes()),
      usedBytes: String(store.usedBytes()),
      offerNumber: offer?.number ?? '0',
      basePerEpoch: offer?.basePerEpoch ?? String(terms.basePerEpoch),
      pricePerGiBEpoch: offer?.pricePerGiBEpoch ?? String(terms.pricePerGiBEpoch),
      contracts: records.contracts().filter(({ state }) => state === 'formed').length,
      time: new Date(context.now()).toISOString(),
    };
  }

  @Post('reservations')
  @HttpCode(200)
  @ApiOperation({ operationId: 'reserve', summary: 'Keep room for a contract to come' })
  async reserve(
    @Body({ schema: reservationRequest }) request: ReservationRequest,
  ): Promise<ReservationAnswer> {
    return valueOrProblem(await this.provider.reservations.reserve(request));
  }

  @Post('negotiations')
  @HttpCode(200)
  @ApiOperation({ operationId: 'propose', summary: 'Propose the terms over what was stored' })
  async propose(
    @Body({ schema: proposalRequest }) request: ProposalRequest,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<VerdictAnswer> {
    const { answer, violation } = valueOrProblem(await this.provider.negotiations.propose(request));
    if (violation === undefined) return answer;
    // The refusal is for whoever looks; the signed verdict beside it is what the client keeps.
    response.setHeader(VERDICT_HEADER, verdictToHeader(answer));
    return valueOrProblem<VerdictAnswer>({ ok: false, violation });
  }

  @Get('negotiations/:id')
  @ApiOperation({ operationId: 'negotiation', summary: 'How a negotiation stands, for its client' })
  negotiation(@Param('id') id: string, @Req() request: IncomingMessage): VerdictAnswer {
    const ask = request.headers[NEGOTIATION_ASK_HEADER] as string | undefined;
    return valueOrProblem(this.provider.negotiations.state(id, ask)).answer;
  }

  @Post('negotiations/:id/withdrawal')
  @HttpCode(200)
  @ApiOperation({ operationId: 'withdraw', summary: 'Give a negotiation up' })
  async withdraw(
    @Param('id') id: string,
    @Body({ schema: withdrawalRequest }) { signature }: WithdrawalRequest,
  ): Promise<VerdictAnswer> {
    return valueOrProblem(await this.provider.negotiations.withdraw(id, signature)).answer;
  }

  @Post('contracts/:id/room')
  @HttpCode(200)
  @ApiOperation({ operationId: 'keepRoom', summary: 'Keep room for fragments to append' })
  async keepRoom(
    @Param('id') id: string,
    @Body({ schema: roomRequest }) request: RoomRequest,
  ): Promise<RoomAnswer> {
    return valueOrProblem(await this.provider.revisions.keepRoom(id, request));
  }

  @Post('contracts/:id/revisions')
  @HttpCode(200)
  @ApiOperation({ operationId: 'revise', summary: 'Sign a change of a contract that is on chain' })
  async revise(
    @Param('id') id: string,
    @Body({ schema: revisionRequest }) request: RevisionRequest,
  ): Promise<RevisionAnswer> {
    return valueOrProblem(await this.provider.revisions.sign(id, request));
  }

  @Post('contracts/:id/audits')
  @HttpCode(200)
  @ApiOperation({ operationId: 'audit', summary: 'Prove chosen chunks now' })
  async audit(
    @Param('id') id: string,
    @Req() request: IncomingMessage,
    @Body({ schema: auditRequest }) body: z.infer<typeof auditRequest>,
  ): Promise<AuditAnswer> {
    const claim = {
      contract: id,
      ticket: request.headers[TICKET_HEADER] as string | undefined,
      use: request.headers[TICKET_USE_HEADER] as string | undefined,
      chunks: body.chunks,
    };
    return valueOrProblem(await this.provider.audits.answer(claim));
  }
}
