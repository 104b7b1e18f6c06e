/** Injection token of the process's `FileVault`. */
export const FILE_VAULT = Symbol('FILE_VAULT');
