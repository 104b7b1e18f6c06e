import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { problemSchema } from '#http';
import {
  type OverviewView,
  overviewView,
  type ProviderView,
  providerView,
  REGISTRY,
  type RegistryPort,
} from '#services';
import {
  type EndpointView,
  endpointView,
  type HolderView,
  holderView,
  type Page,
  type PageQuery,
  pageOf,
  pageQuery,
} from '#wire';
import { foundOrThrow } from './not-found.js';
import { WithTip } from './tip-headers.js';

/** Who is where and holds what. */
@ApiTags('registry')
@ApiResponse({ status: 'default', description: 'A problem (RFC 9457)', standardSchema: problemSchema })
@WithTip()
@Controller('api/v1')
export class RegistryController {
  constructor(@Inject(REGISTRY) private readonly registry: RegistryPort) {}

  @Get('overview')
  @ApiOperation({ summary: 'Providers, capacity, stored bytes and active contracts.' })
  @ApiResponse({ status: 200, standardSchema: overviewView })
  overview(): Promise<OverviewView> {
    return this.registry.overview({});
  }

  @Get('providers')
  @ApiOperation({ summary: 'Providers with an offer: price, address, whether they answer, their record.' })
  @ApiResponse({ status: 200, standardSchema: pageOf(providerView) })
  providers(@Query({ schema: pageQuery }) page: PageQuery): Promise<Page<ProviderView>> {
    return this.registry.providers(page);
  }

  @Get('providers/:provider')
  @ApiOperation({ summary: 'A provider, by address or id.' })
  @ApiResponse({ status: 200, standardSchema: providerView })
  async provider(@Param('provider') provider: string): Promise<ProviderView> {
    return foundOrThrow(await this.registry.provider({ provider }), 'provider', provider);
  }

  @Get('endpoints')
  @ApiOperation({
    summary: 'Where principals are reached; the newest record of each, until its time is over.',
  })
  @ApiResponse({ status: 200, standardSchema: pageOf(endpointView) })
  endpoints(@Query({ schema: pageQuery }) page: PageQuery): Promise<Page<EndpointView>> {
    return this.registry.endpoints(page);
  }

  @Get('endpoints/:principal')
  @ApiOperation({ summary: 'Where a principal is reached.' })
  @ApiResponse({ status: 200, standardSchema: endpointView })
  async endpoint(@Param('principal') principal: string): Promise<EndpointView> {
    return foundOrThrow(await this.registry.endpoint({ principal }), 'endpoint of', principal);
  }

  @Get('fragments/:fragment')
  @ApiOperation({ summary: 'Who holds a fragment, by contract.' })
  @ApiResponse({ status: 200, standardSchema: z.array(holderView) })
  async fragmentHolders(@Param('fragment') fragment: string): Promise<HolderView[]> {
    const holders = await this.registry.holders({ fragment });
    return foundOrThrow(holders.length === 0 ? null : holders, 'fragment', fragment);
  }
}
