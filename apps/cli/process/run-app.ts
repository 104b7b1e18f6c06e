import { fileURLToPath } from 'node:url';
import { type AppName, type Config, SETTINGS, type SettingKey } from '#config';
import { AppError } from '#errors';
import { spawnChild } from '#lifecycle';
import type { CliContext } from '../context.js';

const READY_MS = 120_000;

/**
 * Runs the process of another app until it ends or the signal comes; its log goes to stderr. Resolves to how it ended.
 * `watch` runs beside it until either ends. Why a process: an app never imports another, and the one that runs under a service manager is the one that runs here.
 */
export async function runApp(
  context: CliContext,
  app: Extract<AppName, 'provider' | 'miner'>,
  overrides: Partial<Record<SettingKey, string>>,
  watch?: (addresses: Readonly<Record<string, string>>, ended: AbortSignal) => Promise<void>,
): Promise<number | undefined> {
  const { output, signal } = context;
  const child = spawnChild({
    name: app,
    file: fileURLToPath(new URL(`../../${app}/main.js`, import.meta.url)),
    env: settingsToEnvironment(context.config, app, overrides),
    onOutput: (line) => output.passOn(line),
  });
  const stop = (): void => void child.stop();
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  const ended = new AbortController();
  const over = AbortSignal.any([signal, ended.signal]);
  let watching: Promise<void> | undefined;
  try {
    const addresses = await child.ready(READY_MS);
    output.printJson({ app, pid: child.pid, addresses });
    for (const [name, address] of Object.entries(addresses)) output.print(`${name} ${address}`);
    output.note('Running; Ctrl-C stops it cleanly.');
    watching = watch?.(addresses, over);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  const exit = await child.exited;
  ended.abort();
  await watching;
  signal.removeEventListener('abort', stop);
  if (signal.aborted) return undefined;
  throw new AppError({
    code: 'process/ended',
    message: `The ${app} ended by itself (${exit.code === null ? exit.signal : `exit code ${exit.code}`}).`,
    next: 'Its last lines above say why; start it again once that is put right.',
    data: { ...exit },
  });
}

/** The settings of this process, flags included, as the environment of another. */
function settingsToEnvironment(
  config: Config,
  app: AppName,
  overrides: Partial<Record<SettingKey, string>>,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [key, row] of Object.entries(SETTINGS) as [SettingKey, (typeof SETTINGS)[SettingKey]][]) {
    const isUsed = row.apps === 'all' || (row.apps as readonly string[]).includes(app);
    const value = overrides[key] ?? config[key];
    if (!isUsed || value === undefined) continue;
    environment[row.env] = key.endsWith('Ms') ? `${String(value)}ms` : String(value);
  }
  return environment;
}
