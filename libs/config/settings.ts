import { MINING_SETTINGS } from './mining-settings.js';
import { NETWORK_SETTINGS } from './network-settings.js';
import { PROCESS_SETTINGS } from './process-settings.js';
import { PROVIDER_SETTINGS } from './provider-settings.js';
import { REPAIR_SETTINGS } from './repair-settings.js';
import type { Setting } from './setting.js';

/** Every setting there is. The order is the order of docs/config.md. */
export const SETTINGS = {
  ...NETWORK_SETTINGS,
  ...PROCESS_SETTINGS,
  ...MINING_SETTINGS,
  ...PROVIDER_SETTINGS,
  ...REPAIR_SETTINGS,
} as const;

export type SettingKey = keyof typeof SETTINGS;

type ValueOf<S> = S extends Setting<infer T> ? T : never;
type IsOptional<K extends SettingKey> = (typeof SETTINGS)[K] extends { readonly default: string }
  ? false
  : true;

/** All settings, read and checked. Those that an app does not use have their values too. */
export type Config = {
  readonly [K in SettingKey]: IsOptional<K> extends true
    ? ValueOf<(typeof SETTINGS)[K]> | undefined
    : ValueOf<(typeof SETTINGS)[K]>;
};
