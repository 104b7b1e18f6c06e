import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import {
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { repairDeposits } from '#client';
import { AppError } from '#errors';
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
  'repair/unknown-repairer': 503,
};

/** How the API describes itself. */
export const GATEWAY_OPENAPI: OpenApiOptions = {
  title: 'Cairn gateway',
  description:
    "Stores and fetches files with the gateway's own phrase and coins: whoever reaches it may use both, so it listens on " +
    'this machine only unless told otherwise. Errors are problem+json (RFC 9457) with code, detail and next.',
  version: '1',
};

/** Who repairs what the gateway stores. */
export interface GatewayRepair {
  /** Address of the repairer; undefined: nobody. */
  readonly address: string | undefined;
  /** Base units for each contract; undefined: what it suggests. */
  readonly reserve: bigint | undefined;
  /** Stores without one where the repairer is not on the chain yet; otherwise that is an error. */
  readonly isOptional: boolean;
}

export interface GatewayModuleOptions
  extends Omit<FileVaultOptions, 'ledger' | 'deposits' | 'repairBook' | 'onHandedOver'> {
  readonly renewals: GatewayRenewalOptions;
  readonly repair?: GatewayRepair;
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

  static of({ renewals, repair, ...options }: GatewayModuleOptions): DynamicModule {
    return {
      module: GatewayModule,
      controllers: [FilesController, GatewayController, RenewalsController],
      providers: [
        {
          provide: FILE_VAULT,
          inject: [LEDGER],
          useFactory: (ledger: LedgerPort) =>
            FileVault.open({ ...options, ledger, ...vaultRepair(ledger, repair, options, renewals) }),
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

function vaultRepair(
  ledger: LedgerPort,
  repair: GatewayRepair | undefined,
  { journalFolder }: Pick<FileVaultOptions, 'journalFolder'>,
  { logger }: GatewayRenewalOptions,
): Pick<FileVaultOptions, 'deposits' | 'repairBook' | 'onHandedOver'> {
  if (repair === undefined || journalFolder === undefined) return {};
  const { address, reserve, isOptional } = repair;
  const wanted = address === undefined ? undefined : repairDeposits({ ledger, address, reserve });
  return {
    deposits: async (offers) =>
      (await wanted?.(offers).catch((error: unknown) => {
        if (!isOptional || !(error instanceof AppError)) throw error;
        logger.warn({ err: error }, 'stored without a repairer: it is not on the chain yet');
        return undefined;
      })) ?? {},
    repairBook: join(journalFolder, 'repair.json'),
    onHandedOver: ({ failed }) => {
      for (const { name, repairer, error } of failed)
        logger.warn(
          { name, repairer, err: error },
          'not handed to its repairer: nobody rebuilds it until a later change hands it over',
        );
    },
  };
}
