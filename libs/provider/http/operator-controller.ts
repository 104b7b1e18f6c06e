import type { IncomingMessage } from 'node:http';
import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { z } from 'zod';
import { hexOf } from '#wire';
import type { OperatorOutcome } from '../chain/operator-actions.js';
import type { Provider } from '../provider.js';
import { assertLoopback } from './loopback.js';
import { PROVIDER } from './tokens.js';

const chosenContracts = z
  .object({
    /** Absent: all. */
    contracts: z.array(hexOf(32, 'contract id')).max(10_000).optional(),
  })
  .meta({ id: 'ChosenContracts' });
type ChosenContracts = z.infer<typeof chosenContracts>;

/** What the operator decides; taken from this machine only. */
@Controller('v1/operator')
export class OperatorController {
  constructor(@Inject(PROVIDER) private readonly provider: Provider) {}

  @Post('skip')
  @HttpCode(200)
  @ApiOperation({ operationId: 'declareMaintenance', summary: 'Skip the next epoch (this machine only)' })
  skip(
    @Req() request: IncomingMessage,
    @Body({ schema: chosenContracts }) { contracts }: ChosenContracts,
  ): Promise<OperatorOutcome[]> {
    assertLoopback(request);
    return this.provider.operator.skip(contracts);
  }

  @Post('drain')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'drain',
    summary: 'Leave contracts, or all and the market (this machine only)',
  })
  drain(
    @Req() request: IncomingMessage,
    @Body({ schema: chosenContracts }) { contracts }: ChosenContracts,
  ): Promise<OperatorOutcome[]> {
    assertLoopback(request);
    return this.provider.operator.drain(contracts);
  }

  @Post('stay')
  @HttpCode(200)
  @ApiOperation({ operationId: 'stay', summary: 'Take new contracts again (this machine only)' })
  async stay(@Req() request: IncomingMessage): Promise<{ readonly draining: boolean }> {
    assertLoopback(request);
    await this.provider.operator.stay();
    return { draining: false };
  }
}
