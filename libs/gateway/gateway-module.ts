import type { IncomingMessage } from 'node:http';
import {
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { OpenApiOptions, StatusTable } from '#http';
import { LEDGER, type LedgerPort } from '#ledger';
import { FileVault, type FileVaultOptions } from './file-vault.js';
import { FilesController } from './files-controller.js';
import { GatewayController } from './gateway-controller.js';
import { type GatewayRenewalOptions, GatewayRenewals } from './gateway-renewals.js';
import { RenewalsController } from './renewals-controller.js';
import { FILE_VAULT, GATEWAY_RENEWALS } from './tokens.js';

/** HTTP statuses of the client's error codes. */
export const GATEWAY_STATUS_TABLE: StatusTable = {
  'catalogue/no-such-file': 404,
  'catalogue/unreadable': 502,
  'catalogue/unreadable-pointer': 502,
  'wallet/too-little': 402,
  'wallet/dropped': 503,
  'wallet/not-confirmed': 504,
  'placement/too-few-providers': 503,
  'market/too-few-providers': 503,
  'fetch/too-few-fragments': 503,
  'fetch/expired': 410,
  'fetch/wrong-hash': 502,
  'provider/refused': 502,
  'provider/no-endpoint': 503,
  'contract/unknown': 502,
  'source/changed': 409,
  'gateway/body-incomplete': 400,
  'gateway/range-unsatisfiable': 416,
  'ledger/refused': 422,
};

/** How the API describes itself. */
export const GATEWAY_OPENAPI: OpenApiOptions = {
  title: 'Cairn gateway',
  description:
    "Stores and fetches files with the gateway's own phrase and coins: whoever reaches it may use both, so it listens on " +
    'this machine only unless told otherwise. Errors are problem+json (RFC 9457) with code, detail and next.',
  version: '1',
};

export interface GatewayModuleOptions extends Omit<FileVaultOptions, 'ledger'> {
  readonly renewals: GatewayRenewalOptions;
}

/** Whether a request's JSON body is for us to parse: a JSON file that is being stored is only bytes. */
export function isGatewayJson(request: IncomingMessage): boolean {
  return request.url?.startsWith('/files') !== true;
}

/** The gateway's HTTP API; needs LEDGER and MARKET. */
@Module({})
export class GatewayModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    @Inject(FILE_VAULT) private readonly vault: FileVault,
    @Inject(GATEWAY_RENEWALS) private readonly renewals: GatewayRenewals,
  ) {}

  static of({ renewals, ...options }: GatewayModuleOptions): DynamicModule {
    return {
      module: GatewayModule,
      controllers: [FilesController, GatewayController, RenewalsController],
      providers: [
        {
          provide: FILE_VAULT,
          inject: [LEDGER],
          useFactory: (ledger: LedgerPort) => FileVault.open({ ...options, ledger }),
        },
        {
          provide: GATEWAY_RENEWALS,
          inject: [LEDGER, FILE_VAULT],
          useFactory: (ledger: LedgerPort, vault: FileVault) =>
            GatewayRenewals.open(ledger, options.params, vault, renewals),
        },
      ],
    };
  }

  onApplicationBootstrap(): void {
    this.renewals.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.renewals.stop();
    await this.vault.close();
  }
}
