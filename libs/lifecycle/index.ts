/**
 * Owns: how a process of Cairn starts, says that it is ready, stops, and supervises others; the lock, the version of a
 * data folder; listening with an error that helps.
 * Does not own: what the process does, its settings (libs/config), its log format (libs/logging).
 * Read next: run-process.ts, spawn-child.ts, data-folder-lock.ts.
 */

export { type DataFolderLock, lockDataFolder } from './data-folder-lock.js';
export { checkDataVersion } from './data-version.js';
export { errorToText, exitCodes } from './error-text.js';
export { type ListenAddress, listenOrExplain } from './listen.js';
export { announceReady, type ReadyAddresses } from './ready.js';
export { type ProcessControl, type ProcessDefinition, runProcess, type Stop } from './run-process.js';
export { type Child, type ChildExit, type ChildOptions, spawnChild } from './spawn-child.js';
export { type ProcessFolder, withDataFolder } from './with-data-folder.js';
