/**
 * Owns: every setting of every app as one table, and the reading of settings: default < file < environment < flag.
 *   It is the only reader of the environment.
 * Does not own: network parameters (chain), or what an app does with its settings.
 * Read next: settings.ts (the table), load-config.ts (the order), docs/config.md (the table, generated).
 */
export { closestName } from './closest-name.js';
export { settingsToMarkdown } from './config-table.js';
export { type LoadConfigOptions, loadConfig, splitSettingFlags } from './load-config.js';
export { formatSize, parseDuration, parseSize, parseVolume } from './quantities.js';
export { APPS, type AppName, type Setting } from './setting.js';
export { type Config, SETTINGS, type SettingKey } from './settings.js';
