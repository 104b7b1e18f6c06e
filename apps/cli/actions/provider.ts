import { mkdir } from 'node:fs/promises';
import { parseAccount } from '#chain';
import { formatSize } from '#config';
import { AppError, violationToText } from '#errors';
import type { ProviderStatus } from '#provider';
import type { EndpointView, OfferView } from '#wire';
import type { CommandAction } from '../command.js';
import type { CliContext } from '../context.js';
import { formatCoins } from '../output/amounts.js';
import { askNewSecret, askSecret } from '../output/ask.js';
import { formatFields, formatTable, shortId } from '../output/table.js';
import { safeText } from '../output/text.js';
import { runApp } from '../process/run-app.js';
import { makeDataFolder, withNode } from '../session.js';
import { ownProviderAddress, providerFolder } from './provider-address.js';

export const initProvider: CommandAction = async (_input, context) => {
  const { output, params } = context;
  await makeDataFolder(context);
  const folder = providerFolder(context);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const passphrase = await passphraseOf(context);
  const { createProviderIdentity } = await import('#provider');
  const identity = await createProviderIdentity({ dataDir: folder, params, passphrase });
  const { phrase, address, keystorePath } = identity;
  output.printJson({ phrase, address, network: params.name, keystore: keystorePath, dataDir: folder });
  output.note('Write these words down: they alone bring the provider’s earnings back.');
  output.print(`${phrase}\n${address}`);
  output.note(
    `Kept in ${keystorePath}${passphrase === '' ? ', unencrypted' : ''}. ` +
      'Send coins for collateral to this address, then: cairn provider run',
  );
  return undefined;
};

export const runProvider: CommandAction = async (_input, context) => {
  await makeDataFolder(context);
  const passphrase = await passphraseToRun(context);
  return runApp(context, 'provider', {
    dataDir: providerFolder(context),
    ...(passphrase === undefined ? {} : { passphrase }),
  });
};

export const providerStatus: CommandAction = async ({ options }, context) =>
  typeof options['provider'] === 'string'
    ? strangersStatus(options['provider'], context)
    : ownStatus(context);

/** The operator's view, from the provider's own process on this machine. */
async function ownStatus(context: CliContext): Promise<undefined> {
  const { output } = context;
  const { status } = await askOwnProvider(context);
  output.printJson(status);
  const { earning, proofs, disk, node } = status;
  output.print(
    formatFields([
      ['provider', status.address],
      ['reached at', status.publicUrl],
      ['node', node.reachable ? `answers, height ${node.tipHeight}` : `does not answer: ${node.problem}`],
      ['offer', status.announced.waitingFor ?? `number ${status.announced.offerNumber}`],
      ['earned', `${formatCoins(earning.earnedTotal)}, vesting ${formatCoins(earning.vesting)}`],
      ['balance', earning.balance === null ? 'unknown' : formatCoins(earning.balance)],
      ['collateral', formatCoins(earning.collateralLocked)],
      ['contracts', `${earning.contractsActive} active, ${earning.contractsReserved} reserved`],
      [
        'proofs',
        `${proofs.proven} proven, ${proofs.missed} missed, ${proofs.openWindows.length} windows open`,
      ],
      [
        'disk',
        `${formatSize(disk.usedBytes)} of ${formatSize(disk.capacityBytes)}, ${formatSize(disk.diskFreeBytes)} free`,
      ],
      ['volumes', disk.volumes.map(({ path, state }) => `${safeText(path)} ${state}`).join(', ')],
    ]),
  );
  for (const alert of status.alerts) {
    output.print(
      `\n${alert.severity}: ${safeText(alert.message)} [${alert.code}]\n  next: ${safeText(alert.next)}`,
    );
  }
  return undefined;
}

/** The provider of this folder that runs on this machine: where it is asked, and its status. */
export async function askOwnProvider(context: CliContext): Promise<{ url: string; status: ProviderStatus }> {
  const { config } = context;
  const { fetchProviderStatus } = await import('#provider');
  const url = `http://127.0.0.1:${config.providerPort}`;
  const status = await fetchProviderStatus(url, config.requestTimeoutMs);
  await assertOwn(status.address, url, context);
  return { url, status };
}

/** A port may be another provider's. Told where the folder has a keystore that opens without asking. */
async function assertOwn(address: string, url: string, context: CliContext): Promise<void> {
  const own = await ownProviderAddress(context).catch((error: unknown) => {
    if (error instanceof AppError) return undefined;
    throw error;
  });
  if (own === undefined || own === address) return;
  throw new AppError({
    code: 'config/other-provider',
    message: `At ${url} another provider answers: ${address}. The one of ${providerFolder(context)} is ${own}.`,
    next: 'Name its port with --provider-port (`cairn provider run` prints it), or another folder with --data-dir.',
    data: { url, address, own },
  });
}

/** The passphrase of an encrypted keystore, asked for here: the provider's own process has no terminal. */
async function passphraseToRun(context: CliContext): Promise<string | undefined> {
  if (!context.canAsk || (context.config.passphrase ?? '') !== '') return undefined;
  return ownProviderAddress(context).then(
    () => undefined,
    (error: unknown) => {
      // Whatever else is wrong with the keystore, the provider says itself.
      if (!(error instanceof AppError) || error.code !== 'keystore/passphrase-needed') return undefined;
      return askSecret(`Passphrase of ${providerFolder(context)}: `, context.signal);
    },
  );
}

/** What the chain knows of any provider. */
function strangersStatus(given: string, context: CliContext): Promise<undefined> {
  const account = parseAccount(context.params, given);
  if (!account.ok) {
    throw new AppError({
      code: 'cli/bad-address',
      message: `'${given}' is no address of ${context.params.name}: ${violationToText(account.violation)}.`,
      next: `Addresses start with ${context.params.addressPrefix}1.`,
    });
  }
  return withNode(context, async (node) => {
    const provider = account.value;
    const offer = await node.offer({ provider });
    const endpoint = await node.endpoint({ principal: provider });
    const contracts = await node.contracts({ provider, limit: 200 });
    context.output.printJson({ offer, endpoint, contracts: contracts.items });
    context.output.print(formatFields([...offerFields(offer), ...endpointFields(endpoint)]));
    if (contracts.items.length > 0)
      context.output.print(
        formatTable(
          ['CONTRACT', 'STATUS', 'STORED', 'PROVEN', 'MISSED'],
          contracts.items.map((view) => [
            shortId(view.id),
            view.status,
            formatSize(BigInt(view.totalBytes)),
            String(view.proven),
            String(view.missed),
          ]),
          ['STORED', 'PROVEN', 'MISSED'],
        ),
      );
    return undefined;
  });
}

function offerFields(offer: OfferView | null): [string, string][] {
  if (offer === null) return [['offer', 'none on chain']];
  return [
    ['provider', offer.address],
    [
      'price',
      `${formatCoins(offer.pricePerGiBEpoch)} per GiB and epoch, ${formatCoins(offer.basePerEpoch)} per contract`,
    ],
    ['room', `${formatSize(BigInt(offer.usedBytes))} of ${formatSize(BigInt(offer.capacityBytes))} used`],
    ['terms', `${offer.minEpochs} to ${offer.maxEpochs} epochs`],
  ];
}

function endpointFields(endpoint: EndpointView | null): [string, string][] {
  return [
    ['reached at', endpoint === null ? 'no address on chain' : safeText(endpoint.addresses.join(', '))],
  ];
}

async function passphraseOf(context: CliContext): Promise<string> {
  const given = context.config.passphrase;
  if (given !== undefined && given !== '') return given;
  if (context.canAsk)
    return askNewSecret('Passphrase for the provider’s keystore (empty: unencrypted): ', context.signal);
  if (context.params.name === 'devnet') return '';
  throw new AppError({
    code: 'cli/passphrase-needed',
    message: `Keys of ${context.params.name} need a passphrase.`,
    next: 'Set CAIRN_PASSPHRASE, or run the command on a terminal to be asked.',
  });
}
