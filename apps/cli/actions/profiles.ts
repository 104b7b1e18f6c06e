import { AppError, violationToText } from '#errors';
import { parseProfile, profileToText, type RedundancyProfile, redundancyProfiles } from '#fragments';
import { estimateDurability, oneIn } from '#placement';
import type { MarketPort } from '#services';
import type { CommandAction } from '../command.js';
import { marketOf } from '../market-services.js';
import { formatCoins } from '../output/amounts.js';
import { formatTable } from '../output/table.js';
import { withNode } from '../session.js';
import { numberOption } from './option-values.js';

/** What prices are asked for. */
const BASIS_BYTES = 2 ** 30;

/** The named profiles, or those given: what each stores per byte, costs now, and how long it lasts. */
export const profiles: CommandAction = async ({ args, options }, context) =>
  withNode(context, async (node) => {
    const { output, params } = context;
    const given = args.length === 0 ? Object.keys(redundancyProfiles) : args;
    const named = given.map((name) => ({ name, profile: readProfile(name) }));
    const epochs =
      numberOption(options, 'epochs', { min: params.contract.minEpochs, max: params.contract.maxEpochs }) ??
      (params.name === 'devnet' ? 180 : 30);
    const market = marketOf(node, params);
    const rows = [];
    for (const { name, profile } of named) {
      const price = await priceOf(market, profile, epochs);
      const [repaired, alone] = [
        estimateDurability(profile, 'repairer'),
        estimateDurability(profile, 'nobody'),
      ];
      rows.push({ name, profile: profileToText(profile), ...price, repaired, alone });
    }
    output.printJson({ epochs, profiles: rows });
    output.print(
      formatTable(
        ['PROFILE', 'K/REPAIR/N', 'STORED', 'PER GIB AND MONTH', 'LOST A YEAR', 'UNREPAIRED'],
        rows.map(({ name, profile, costPerGiBMonth, repaired, alone }) => [
          name,
          profile,
          `${repaired.storedPerByte.toFixed(2)} x`,
          costPerGiBMonth === null ? '-' : formatCoins(costPerGiBMonth),
          oneIn(repaired.lossPerYear),
          oneIn(alone.lossPerYear),
        ]),
        ['STORED', 'PER GIB AND MONTH', 'LOST A YEAR', 'UNREPAIRED'],
      ),
    );
    for (const { name, why } of rows) if (why !== null) output.note(`no price for ${name} now: ${why}`);
    const years = (rows[0]?.repaired.meanLifetimeDays ?? 0) / 365;
    output.note(
      `Lost a year: if providers last ${years} years and a repairer needs ${rows[0]?.repaired.repairDays} days (docs/durability).`,
    );
    return undefined;
  });

async function priceOf(
  market: MarketPort,
  profile: RedundancyProfile,
  epochs: number,
): Promise<{ costPerGiBMonth: string | null; why: string | null }> {
  try {
    const { costPerGiBMonth } = await market.quote({
      sizeBytes: BASIS_BYTES,
      profile: profileToText(profile),
      epochs,
    });
    return { costPerGiBMonth, why: null };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'market/too-few-providers') throw error;
    const { needed, found } = error.data as { needed: number; found: number };
    return { costPerGiBMonth: null, why: `it needs ${needed} providers, ${found} can be used` };
  }
}

/** A profile by its name or its three numbers. @throws AppError `cli/bad-profile` */
export function readProfile(given: string): RedundancyProfile {
  const profile = parseProfile(given);
  if (profile.ok) return profile.value;
  throw new AppError({
    code: 'cli/bad-profile',
    message: `profile ${given} is not possible: ${violationToText(profile.violation)}.`,
    next: `Use one of ${Object.keys(redundancyProfiles).join(', ')}, or k/repairBelow/n such as 3/4/8.`,
  });
}
