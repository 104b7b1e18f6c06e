import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { AppError } from '#errors';
import { closestName } from './closest-name.js';
import type { AppName, Setting } from './setting.js';
import { type Config, SETTINGS, type SettingKey } from './settings.js';

/** Name of the settings file, looked for in the working folder. */
export const CONFIG_FILE = 'cairn.config.json';

/** Names that point at the settings file itself; they cannot be inside it. */
const FILE_ENV = 'CAIRN_CONFIG';
const FILE_FLAG = 'config';

export interface LoadConfigOptions {
  /** Which app is asking: a flag of a setting that it does not use is refused. */
  readonly app: AppName;
  /** Arguments after the program's name: `--flag value`, `--flag=value`. Default: none. */
  readonly argv?: readonly string[];
  /** Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Path of the settings file. Default: `--config`, `CAIRN_CONFIG`, or cairn.config.json where it exists. */
  readonly file?: string;
}

interface Source {
  /** The setting as the reader wrote it: `CAIRN_NETWORK`, `--network`, `network in cairn.config.json`. */
  readonly name: string;
  readonly text: string;
}

const ROWS = Object.entries(SETTINGS) as [SettingKey, Setting<unknown>][];

/**
 * All settings by default < file < environment < flag. An empty environment variable counts as unset.
 * @throws AppError `config/unknown-setting`, `config/bad-value`, `config/file-unreadable`; each names the setting,
 *   its value, the allowed values and the closest known name
 */
export function loadConfig(options: LoadConfigOptions): Config {
  const env = options.env ?? process.env;
  const flags = readFlags(options.argv ?? [], options.app);
  const sources = new Map<SettingKey, Source>();
  for (const [key, source] of readFile(options.file ?? flags.file ?? (env[FILE_ENV] || undefined)))
    sources.set(key, source);
  for (const [key, source] of readEnvironment(env)) sources.set(key, source);
  for (const [key, source] of flags.sources) sources.set(key, source);

  const config = Object.fromEntries(
    ROWS.map(([key, row]) => {
      const source =
        sources.get(key) ?? (row.default === undefined ? undefined : { name: row.env, text: row.default });
      return [key, source === undefined ? undefined : parseValue(row, source)];
    }),
  ) as unknown as Config;
  return { ...config, dataDir: resolve(config.dataDir.replace(/^~(?=$|\/)/, env['HOME'] || homedir())) };
}

/** Parts a command line into the flags of known settings (with their values) and everything else, in order. */
export function splitSettingFlags(argv: readonly string[]): { settings: string[]; rest: string[] } {
  const settings: string[] = [];
  const rest: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index]!;
    const name = flagName(argument);
    const isKnown = name === FILE_FLAG || ROWS.some(([, row]) => row.flag === name);
    if (argument === '--') return { settings, rest: [...rest, ...argv.slice(index)] };
    (isKnown ? settings : rest).push(argument);
    const takesNext = isKnown && !argument.includes('=') && !isBareFlag(name) && index + 1 < argv.length;
    if (takesNext) {
      index += 1;
      settings.push(argv[index]!);
    }
  }
  return { settings, rest };
}

function readFlags(
  argv: readonly string[],
  app: AppName,
): { sources: Map<SettingKey, Source>; file: string | undefined } {
  const sources = new Map<SettingKey, Source>();
  let file: string | undefined;
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index]!;
    const name = flagName(argument);
    const row = ROWS.find(([, candidate]) => candidate.flag === name);
    if (row === undefined && name !== FILE_FLAG) throw unknownFlag(argument, name, app);
    if (row !== undefined && !isUsedBy(row[1], app)) throw foreignFlag(row[1], app);
    let value = argument.includes('=') ? argument.slice(argument.indexOf('=') + 1) : undefined;
    if (value === undefined && isBareFlag(name)) value = 'on';
    if (value === undefined) {
      index += 1;
      value = argv[index];
      if (value === undefined) {
        throw new AppError({
          code: 'config/bad-value',
          message: `--${name} needs a value`,
          next: row === undefined ? 'give the path of the settings file' : `allowed: ${row[1].type.allowed}`,
          data: { setting: `--${name}` },
        });
      }
    }
    if (row === undefined) file = value;
    else sources.set(row[0], { name: `--${name}`, text: value });
  }
  return { sources, file };
}

function readEnvironment(env: Readonly<Record<string, string | undefined>>): Map<SettingKey, Source> {
  const known = ROWS.map(([, row]) => row.env);
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('CAIRN_') || name === FILE_ENV || known.includes(name) || value === undefined)
      continue;
    throw unknownSetting(`environment variable ${name}`, name, value, [...known, FILE_ENV]);
  }
  return new Map(
    ROWS.flatMap(([key, row]) => {
      const value = env[row.env];
      return value === undefined || value === '' ? [] : [[key, { name: row.env, text: value }] as const];
    }),
  );
}

function readFile(given: string | undefined): Map<SettingKey, Source> {
  const file = given ?? join(process.cwd(), CONFIG_FILE);
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    if (given === undefined && (cause as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw fileUnreadable(file, 'cannot be read', cause);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch (cause) {
    throw fileUnreadable(
      file,
      `is not JSON (${cause instanceof Error ? cause.message : String(cause)})`,
      cause,
    );
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw fileUnreadable(file, 'is not a JSON object of settings', undefined);
  }
  const sources = new Map<SettingKey, Source>();
  for (const [key, value] of Object.entries(parsed)) {
    if (!Object.hasOwn(SETTINGS, key))
      throw unknownSetting(`setting ${key} in ${file}`, key, value, Object.keys(SETTINGS));
    const text = value === true ? 'on' : value === false ? 'off' : String(value);
    sources.set(key as SettingKey, { name: `${key} in ${file}`, text });
  }
  return sources;
}

function parseValue(row: Setting<unknown>, source: Source): unknown {
  const parsed = row.type.schema.safeParse(source.text);
  if (parsed.success) return parsed.data;
  const closest = closestName(source.text, row.type.words ?? []);
  throw new AppError({
    code: 'config/bad-value',
    message: `${source.name} is ${row.secret ? 'not of the right form (its value is a secret)' : `${JSON.stringify(source.text)}, which it cannot be`}`,
    next: `allowed: ${row.type.allowed}${closest === undefined ? '' : `; did you mean ${closest}?`}`,
    data: {
      setting: source.name,
      allowed: row.type.allowed,
      ...(row.secret ? {} : { value: source.text }),
      closest,
    },
  });
}

function unknownSetting(what: string, name: string, value: unknown, known: readonly string[]): AppError {
  const closest = closestName(name, known);
  // The value of a mistyped name may be a secret meant for another one.
  const isSecret =
    /pas|secret|key|token|url/i.test(name) ||
    ROWS.some(([key, row]) => row.secret && [row.env, `--${row.flag}`, key].includes(closest ?? ''));
  const shown = isSecret ? '' : ` (value ${JSON.stringify(value)})`;
  return new AppError({
    code: 'config/unknown-setting',
    message: `${what}${shown} is no setting of Cairn`,
    next:
      closest === undefined
        ? `known: ${known.join(', ')}; see docs/config.md`
        : `did you mean ${closest}? All are in docs/config.md`,
    data: { setting: name, closest, allowed: known },
  });
}

function unknownFlag(argument: string, name: string | undefined, app: AppName): AppError {
  const known = [
    ...ROWS.filter(([, row]) => isUsedBy(row, app)).map(([, row]) => `--${row.flag}`),
    `--${FILE_FLAG}`,
  ];
  return unknownSetting(
    name === undefined ? `argument ${argument}` : `flag --${name}`,
    name === undefined ? argument : `--${name}`,
    argument,
    known,
  );
}

function foreignFlag(row: Setting<unknown>, app: AppName): AppError {
  return new AppError({
    code: 'config/unknown-setting',
    message: `flag --${row.flag} is no setting of ${app}`,
    next: `it belongs to ${row.apps === 'all' ? 'all' : row.apps.join(', ')}; leave it out, or set ${row.env}, which ${app} ignores`,
    data: { setting: `--${row.flag}`, app },
  });
}

function fileUnreadable(file: string, why: string, cause: unknown): AppError {
  return new AppError({
    code: 'config/file-unreadable',
    message: `the settings file ${file} ${why}`,
    next: 'correct it, or name another with --config or CAIRN_CONFIG; its keys are in docs/config.md',
    data: { file },
    cause,
  });
}

function flagName(argument: string): string | undefined {
  return /^--([a-z][a-z0-9-]*)(?:=|$)/.exec(argument)?.[1];
}

/** Flags that stand alone: `--no-color`, `--rebuild`. */
function isBareFlag(name: string | undefined): boolean {
  return name === SETTINGS.noColor.flag || name === SETTINGS.rebuild.flag;
}

function isUsedBy(row: Setting<unknown>, app: AppName): boolean {
  return row.apps === 'all' || row.apps.includes(app);
}
