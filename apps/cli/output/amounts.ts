import { COIN } from '#chain';
import { AppError } from '#errors';

const DECIMALS = 9;

/** An amount for people: `1.25 coins`, `0.000000042 coins`. */
export function formatCoins(baseUnits: bigint | string): string {
  const amount = BigInt(baseUnits);
  const sign = amount < 0n ? '-' : '';
  const positive = amount < 0n ? -amount : amount;
  const fraction = (positive % COIN).toString().padStart(DECIMALS, '0').replace(/0+$/, '');
  const text = `${sign}${positive / COIN}${fraction === '' ? '' : `.${fraction}`}`;
  return `${text} ${positive === COIN ? 'coin' : 'coins'}`;
}

/** Base units of an amount as people write it, in coins: `1`, `0.5`, `2.000000001`. */
export function parseCoins(text: string): bigint {
  const match = /^(\d{1,10})(?:\.(\d{1,9}))?(?: ?coins?)?$/.exec(text.trim());
  if (match?.[1] === undefined) {
    throw new AppError({
      code: 'cli/bad-amount',
      message: `'${text}' is no amount of coins.`,
      next: 'Write coins with at most nine decimals, such as 12 or 0.5.',
    });
  }
  return BigInt(match[1]) * COIN + BigInt((match[2] ?? '').padEnd(DECIMALS, '0'));
}
