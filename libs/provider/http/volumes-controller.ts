import type { IncomingMessage } from 'node:http';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { z } from 'zod';
import type { VolumeView } from '#fragment-store';
import type { Provider } from '../provider.js';
import { assertLoopback } from './loopback.js';
import { PROVIDER } from './tokens.js';

const capacityBytes = z.number().int().min(0);
const newVolume = z.object({ path: z.string().min(1).max(4096), capacityBytes }).meta({ id: 'NewVolume' });
const newCapacity = z.object({ capacityBytes }).meta({ id: 'NewCapacity' });
const removal = z
  .object({
    /** What the volume still holds may be lost. */
    acceptLoss: z.boolean().optional(),
  })
  .meta({ id: 'VolumeRemoval' });

/** The operator's disks; taken from this machine only. */
@Controller('v1/operator/volumes')
export class VolumesController {
  constructor(@Inject(PROVIDER) private readonly provider: Provider) {}

  @Get()
  @ApiOperation({ operationId: 'volumes', summary: 'The volumes (this machine only)' })
  list(@Req() request: IncomingMessage): VolumeView[] {
    assertLoopback(request);
    return this.provider.context.volumes.list();
  }

  @Post()
  @HttpCode(200)
  @ApiOperation({ operationId: 'addVolume', summary: 'Take a folder as a volume (this machine only)' })
  add(
    @Req() request: IncomingMessage,
    @Body({ schema: newVolume }) volume: z.infer<typeof newVolume>,
  ): Promise<VolumeView> {
    assertLoopback(request);
    return this.provider.context.volumes.add(volume);
  }

  @Post(':id/resize')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'resizeVolume',
    summary: 'Give a volume another capacity (this machine only)',
  })
  resize(
    @Req() request: IncomingMessage,
    @Param('id') id: string,
    @Body({ schema: newCapacity }) body: z.infer<typeof newCapacity>,
  ): Promise<VolumeView> {
    assertLoopback(request);
    return this.provider.context.volumes.resize(id, body.capacityBytes);
  }

  @Post(':id/drain')
  @HttpCode(200)
  @ApiOperation({ operationId: 'drainVolume', summary: 'Empty a volume (this machine only)' })
  drain(@Req() request: IncomingMessage, @Param('id') id: string): Promise<VolumeView> {
    assertLoopback(request);
    return this.provider.context.volumes.setMode(id, 'draining');
  }

  @Post(':id/read-only')
  @HttpCode(200)
  @ApiOperation({ operationId: 'freezeVolume', summary: 'Put nothing more on a volume (this machine only)' })
  freeze(@Req() request: IncomingMessage, @Param('id') id: string): Promise<VolumeView> {
    assertLoopback(request);
    return this.provider.context.volumes.setMode(id, 'read-only');
  }

  @Post(':id/writable')
  @HttpCode(200)
  @ApiOperation({ operationId: 'thawVolume', summary: 'Put fragments on a volume again (this machine only)' })
  thaw(@Req() request: IncomingMessage, @Param('id') id: string): Promise<VolumeView> {
    assertLoopback(request);
    return this.provider.context.volumes.setMode(id, 'active');
  }

  @Post(':id/verify')
  @HttpCode(200)
  @ApiOperation({ operationId: 'verifyVolume', summary: 'Read all of a volume again (this machine only)' })
  verify(@Req() request: IncomingMessage, @Param('id') id: string): Promise<VolumeView> {
    assertLoopback(request);
    return this.provider.context.volumes.verify(id);
  }

  @Post(':id/remove')
  @HttpCode(200)
  @ApiOperation({ operationId: 'removeVolume', summary: 'Forget a volume (this machine only)' })
  remove(
    @Req() request: IncomingMessage,
    @Param('id') id: string,
    @Body({ schema: removal }) { acceptLoss }: z.infer<typeof removal>,
  ): Promise<VolumeView> {
    assertLoopback(request);
    return this.provider.volumeRemoval.remove(id, acceptLoss === true);
  }
}
