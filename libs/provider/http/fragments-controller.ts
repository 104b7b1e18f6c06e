import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Inject, Param, Put, Req, Res } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import type { Provider } from '../provider.js';
import { getFragment, putFragment } from './fragment-exchange.js';
import { PROVIDER } from './tokens.js';

/** The bytes of fragments; fragment-route.ts answers most of these requests before they come here. */
@Controller('v1/fragments')
export class FragmentsController {
  constructor(@Inject(PROVIDER) private readonly provider: Provider) {}

  @Put(':id')
  @ApiOperation({ operationId: 'putFragment', summary: 'Store a fragment; answers a signed receipt' })
  put(
    @Param('id') id: string,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return putFragment(this.provider, id, request, response);
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getFragment', summary: 'Read a fragment or one range of it' })
  get(
    @Param('id') id: string,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return getFragment(this.provider, id, request, response);
  }
}
