import type { BeforeApplicationShutdown, DynamicModule } from '@nestjs/common';
import { Controller, Get, Inject, Injectable, Module, Optional } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { AppError } from '#errors';
import { LEDGER, type OwnLedger } from '#ledger';
import type { Logger } from '#logging';
import { METRICS, type Metrics } from '#metrics';
import { NODE_API_PATH, NODE_PEERS_PATH, NOT_FOUND_CODE } from '#node-api';
import { type NetworkView, networkView } from '#wire';
import { joinNetwork, NETWORK, type NetworkOptions, type NodeNetwork } from './network.js';

/** Takes part in the network with the ledger of this process; leaves before the ledger closes. */
@Module({})
export class NetworkModule implements BeforeApplicationShutdown {
  constructor(@Inject(NETWORK) private readonly network: NodeNetwork) {}

  static of(options: NetworkOptions, logger: Logger | undefined): DynamicModule {
    return {
      module: NetworkModule,
      global: true,
      providers: [
        {
          provide: NETWORK,
          inject: [LEDGER],
          useFactory: (ledger: OwnLedger) =>
            joinNetwork({ law: ledger.law, chain: ledger.access, options, logger }),
        },
      ],
      exports: [NETWORK],
    };
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.network.stop();
  }
}

/** The node among its peers, over HTTP. */
@ApiTags('node')
@Controller(NODE_API_PATH.slice(1))
export class NodePeersController {
  constructor(@Optional() @Inject(NETWORK) private readonly network: NodeNetwork | undefined) {}

  @Get(NODE_PEERS_PATH)
  @ApiOperation({ operationId: 'peers', summary: "The node's peers, bans and what it refused." })
  @ApiResponse({ status: 200, standardSchema: networkView })
  peers(): NetworkView {
    if (this.network !== undefined) return this.network.view();
    throw new AppError({
      code: NOT_FOUND_CODE,
      message: 'this node takes part in no network',
      next: 'ask the chain node itself',
    });
  }
}

/** What /metrics says about the network; read at each scrape. */
@Injectable()
class NetworkMetrics {
  constructor(@Inject(NETWORK) network: NodeNetwork, @Inject(METRICS) metrics: Metrics) {
    metrics.gauge('cairn_p2p_peers_count', 'Peers connected, by who chose whom.', ['direction'], (gauge) => {
      const { peers } = network.transport();
      const outbound = peers.filter(({ isOutbound }) => isOutbound).length;
      gauge.set({ direction: 'outbound' }, outbound);
      gauge.set({ direction: 'inbound' }, peers.length - outbound);
    });
    metrics.gauge(
      'cairn_p2p_sockets_count',
      'Sockets that came in, unauthenticated ones among them.',
      [],
      (gauge) => gauge.set(network.transport().inboundConnections),
    );
    metrics.gauge('cairn_p2p_known_peers_count', 'Peers remembered.', [], (gauge) =>
      gauge.set(network.transport().knownPeers),
    );
    metrics.gauge('cairn_p2p_bans_count', 'Bans in force.', [], (gauge) =>
      gauge.set(network.transport().bans.length),
    );
    metrics.gauge(
      'cairn_p2p_refusals_count',
      'What was refused since the start, by rule.',
      ['rule'],
      (gauge) => {
        for (const [rule, count] of Object.entries(network.view().refusals)) gauge.set({ rule }, count);
      },
    );
    metrics.gauge(
      'cairn_p2p_moved_bytes',
      'Bytes of requests, answers and gossip since the start.',
      ['kind'],
      (gauge) => {
        for (const [kind, count] of Object.entries(network.transport().bytes)) gauge.set({ kind }, count);
      },
    );
    metrics.gauge('cairn_p2p_target_height', 'Height of the best headers some peer showed.', [], (gauge) =>
      gauge.set(network.sync().targetHeight),
    );
  }
}

/** Measures the node's network; needs MetricsModule beside it and NETWORK. */
@Module({ providers: [NetworkMetrics] })
export class NetworkMetricsModule {}
