import 'reflect-metadata';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { devnet } from '#chain';
import { ADMIN_API_OPENAPI, ExplorerModule } from '#explorer';
import { GATEWAY_OPENAPI, GatewayModule } from '#gateway';
import { type OpenApiOptions, openApiDocument } from '#http';
import { LEDGER } from '#ledger';
import { NODE_OPENAPI, NodeApiModule } from '#node-server';
import { REPAIR_OPENAPI, REPAIRER, RepairApiModule } from '#repair';
import { MARKET, PAYOUTS, PLACEMENT, REGISTRY, ValuesModule } from '#services';

@Module({})
class DocumentedModule {}

/** Nothing is renewed for a document. */
const NO_RENEWALS = {
  bookFile: '',
  limit: undefined,
  epochs: 1,
  logger: { info: () => undefined, warn: () => undefined },
};

/** The OpenAPI documents by name, as JSON text; nothing is started for them. */
export const openApiDocuments = {
  'admin-api': () => documentText(ExplorerModule, ADMIN_API_OPENAPI),
  gateway: () =>
    documentText(
      GatewayModule.of({ params: devnet, phrase: '', spoolDir: '', renewals: NO_RENEWALS }),
      GATEWAY_OPENAPI,
    ),
  repairer: () => documentText(RepairApiModule, REPAIR_OPENAPI),
  'chain-node': () => documentText(NodeApiModule.of(), NODE_OPENAPI),
};

/** In Nest's preview mode modules are read and no provider is made. */
async function documentText(feature: Type | DynamicModule, options: OpenApiOptions): Promise<string> {
  const tokens = [LEDGER, MARKET, PLACEMENT, REGISTRY, PAYOUTS, REPAIRER];
  const values = ValuesModule.of(new Map(tokens.map((token) => [token, {}])));
  const module: DynamicModule = { module: DocumentedModule, imports: [values, feature] };
  const app = await NestFactory.create(module, { preview: true, logger: false, abortOnError: false });
  const document = openApiDocument(app, options);
  await app.close();
  return `${JSON.stringify(document, null, 2)}\n`;
}
