import { z } from 'zod';
import { parseDuration, parseSize, parseVolume } from './quantities.js';

/** Every process that reads settings; `devnet` is the driver behind `npm start`. */
export const APPS = [
  'site',
  'chain-node',
  'miner',
  'pool',
  'market',
  'placement',
  'registry',
  'payouts',
  'provider',
  'repairer',
  'gateway',
  'admin-api',
  'cli',
  'devnet',
] as const;
export type AppName = (typeof APPS)[number];

/** What text a setting accepts and what it becomes. */
export interface SettingType<T> {
  /** From the text of the environment, a flag or the file; its failure is answered with `allowed`. */
  readonly schema: z.ZodType<T, string>;
  /** The accepted values, in words that follow "allowed: ". */
  readonly allowed: string;
  /** The accepted words where they are a closed list: used for "did you mean". */
  readonly words?: readonly string[];
}

/** One setting: a row of the table in docs/config.md. */
export interface Setting<T> {
  readonly env: string;
  /** Without the leading `--`. */
  readonly flag: string;
  readonly type: SettingType<T>;
  /** The default as text, read by the same schema; undefined where the setting may stay unset. */
  readonly default: string | undefined;
  readonly description: string;
  readonly apps: readonly AppName[] | 'all';
  /** Never printed, in no message and no log. */
  readonly secret?: boolean;
}

/** One word of a closed list. */
export function oneOf<const W extends readonly [string, ...string[]]>(...words: W): SettingType<W[number]> {
  return { schema: z.enum(words), allowed: words.join(', '), words };
}

/** A whole number within bounds, both inclusive. */
export function wholeNumber(min: number, max: number): SettingType<number> {
  return {
    schema: z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number)
      .refine((value) => value >= min && value <= max),
    allowed: `a whole number from ${min} to ${max}`,
  };
}

/** A TCP port; 0 lets the system choose. */
export function port(): SettingType<number> {
  return { ...wholeNumber(0, 65_535), allowed: 'a port from 1 to 65535, or 0 for any free one' };
}

/** A number above 0 and at most 1, or another bound. */
export function fraction(max = 1): SettingType<number> {
  return {
    schema: z
      .string()
      .regex(/^\d*\.?\d+$/)
      .transform(Number)
      .refine((value) => value > 0 && value <= max),
    allowed: `a number above 0 and at most ${max}, such as 0.05`,
  };
}

/** A number above 0, such as a difficulty. */
export function positiveNumber(): SettingType<number> {
  return {
    schema: z
      .string()
      .regex(/^\d{0,30}\.?\d{1,30}(e[+-]?\d{1,2})?$/i)
      .transform(Number)
      .refine((value) => value > 0 && Number.isFinite(value)),
    allowed: 'a number above 0, such as 1024, 0.001 or 1e-6',
  };
}

/** An amount of money in base units. */
export function amount(): SettingType<bigint> {
  return {
    schema: z
      .string()
      .regex(/^\d{1,19}$/)
      .transform(BigInt)
      .refine((value) => value < 2n ** 63n),
    allowed: 'a whole number of base units below 2^63',
  };
}

/** An amount of money in coins; base units in code. */
export function coins(): SettingType<bigint> {
  return {
    schema: z
      .string()
      .regex(/^\d{1,9}(\.\d{1,9})?$/)
      .transform((text) => {
        const [whole = '0', part = ''] = text.split('.');
        return BigInt(whole) * 1_000_000_000n + BigInt(part.padEnd(9, '0'));
      }),
    allowed: 'coins, with at most nine digits after the point, such as 0.0025',
  };
}

/** A number of bytes, written as 10GiB. */
export function size(): SettingType<number> {
  return {
    schema: z.string().transform((text, context) => parseSize(text) ?? refuse(context)),
    allowed: 'a size such as 512MiB, 10GiB, 1TB or a plain number of bytes',
  };
}

/** A time span in milliseconds, written as 30s. */
export function duration(): SettingType<number> {
  return {
    schema: z.string().transform((text, context) => parseDuration(text) ?? refuse(context)),
    allowed: 'a duration such as 500ms, 30s, 5m, 2h or 1d',
  };
}

/** A URL of one of the protocols (with their colon); its trailing slash is dropped. */
export function url(...protocols: readonly string[]): SettingType<string> {
  return {
    schema: z
      .string()
      .refine(
        (text) =>
          URL.canParse(text) && protocols.includes(new URL(text).protocol) && new URL(text).hostname !== '',
      )
      .transform((text) => text.replace(/\/+$/, '')),
    allowed: `a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  };
}

/** Host names, parted by commas. */
export function hostNames(): SettingType<readonly string[]> {
  return {
    schema: z
      .string()
      .transform((list) => list.split(',').map((name) => name.trim()))
      .refine((names) => names.every((name) => /^[\w-]+(\.[\w-]+)*$/.test(name))),
    allowed: 'host names without ports, parted by commas',
  };
}

/** Multiaddrs of nodes, parted by commas; what they lead to is checked by who dials them. */
export function nodeAddresses(): SettingType<readonly string[]> {
  return {
    schema: z
      .string()
      .transform((list) => list.split(',').map((address) => address.trim()))
      .refine((addresses) => addresses.every((address) => NODE_ADDRESS.test(address))),
    allowed:
      'addresses such as /ip4/192.0.2.1/tcp/7104/p2p/12D3Koo… or /dns4/node.example/tcp/7104, parted by commas',
  };
}

const NODE_ADDRESS =
  /^\/(ip4|ip6|dns|dns4|dns6)\/[\w.:%-]+\/tcp\/\d{1,5}(\/p2p\/\w{40,60})?(\/p2p-circuit\/p2p\/\w{40,60})?$/;

/** Folders with what each may take, as `/mnt/disk2/cairn=4TiB`, parted by commas. */
export function volumes(): SettingType<readonly string[]> {
  return {
    schema: z
      .string()
      .transform((list) => list.split(',').map((volume) => volume.trim()))
      .refine((list) => list.every((volume) => parseVolume(volume) !== undefined)),
    allowed: 'absolute paths with their capacities, such as /mnt/disk2/cairn=4TiB, parted by commas',
  };
}

/** Text of a given form. */
export function text(allowed: string, form = /^.+$/s): SettingType<string> {
  return { schema: z.string().regex(form), allowed };
}

function refuse(context: z.RefinementCtx): never {
  context.addIssue({ code: 'custom', message: 'refused' });
  return z.NEVER;
}

/** A row of the table; says nothing, keeps the types. */
export function setting<T, const D extends string | undefined>(
  row: Setting<T> & { readonly default: D },
): Setting<T> & { readonly default: D } {
  return row;
}
