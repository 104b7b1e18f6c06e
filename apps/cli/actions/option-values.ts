import { type NetworkParams, parseAccount } from '#chain';
import { parseSize } from '#config';
import { AppError, violationToText } from '#errors';
import type { CommandInput } from '../command.js';

type Options = CommandInput['options'];

/** The text of an option, or undefined where it was not given. */
export function textOption(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** A whole number within bounds. @throws AppError `cli/bad-number` */
export function numberOption(
  options: Options,
  name: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { readonly min?: number; readonly max?: number } = {},
): number | undefined {
  const text = textOption(options, name);
  return text === undefined ? undefined : readNumber(text, flagOf(name), min, max);
}

/** A whole number within bounds. @throws AppError `cli/bad-number` */
export function readNumber(text: string, what: string, min: number, max: number): number {
  const number = Number(text);
  if (/^\d{1,16}$/.test(text) && number >= min && number <= max) return number;
  throw new AppError({
    code: 'cli/bad-number',
    message: `${what} ${text.slice(0, 40)} is not possible.`,
    next: `Use a whole number from ${min} to ${max}.`,
  });
}

/** A share such as `12.5` or `12.5%`, in 1/10000. @throws AppError `cli/bad-number` */
export function shareOption(options: Options, name: string): number | undefined {
  const text = textOption(options, name);
  if (text === undefined) return undefined;
  const match = /^(\d{1,4}(?:\.\d{1,2})?)%?$/.exec(text);
  if (match !== null) return Math.round(Number(match[1]) * 100);
  throw new AppError({
    code: 'cli/bad-number',
    message: `${flagOf(name)} ${text.slice(0, 40)} is no share.`,
    next: 'Use percent, such as 5 or 12.5%.',
  });
}

/** Bytes as people write them. @throws AppError `cli/bad-size` */
export function readSize(text: string, what: string): number {
  const size = parseSize(text);
  if (size !== undefined) return size;
  throw new AppError({
    code: 'cli/bad-size',
    message: `${what} ${text.slice(0, 40)} is no size.`,
    next: 'Use bytes, or a number with a unit such as 500MiB or 10GiB.',
  });
}

/** One of some words. @throws AppError `cli/bad-choice` */
export function choiceOption<T extends string>(
  options: Options,
  name: string,
  choices: readonly T[],
): T | undefined {
  const text = textOption(options, name);
  const found = choices.find((choice) => choice === text);
  if (text === undefined || found !== undefined) return found;
  throw new AppError({
    code: 'cli/bad-choice',
    message: `${flagOf(name)} ${text.slice(0, 40)} is not known.`,
    next: `Use one of ${choices.join(', ')}.`,
  });
}

/** An account by address or id, as its id. @throws AppError `cli/bad-address` */
export function readAccount(given: string, params: NetworkParams): string {
  const account = parseAccount(params, given);
  if (account.ok) return account.value;
  throw new AppError({
    code: 'cli/bad-address',
    message: `'${given.slice(0, 100)}' is no address of ${params.name}: ${violationToText(account.violation)}.`,
    next: `Addresses start with ${params.addressPrefix}1.`,
  });
}

/** A contract id as it was given. @throws AppError `cli/bad-id` */
export function readContractId(given: string): string {
  const id = given.toLowerCase();
  if (/^[0-9a-f]{64}$/.test(id)) return id;
  throw new AppError({
    code: 'cli/bad-id',
    message: `'${given.slice(0, 100)}' is no contract id.`,
    next: 'An id has 64 hex digits; `cairn contracts --json` shows them whole.',
  });
}

function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
