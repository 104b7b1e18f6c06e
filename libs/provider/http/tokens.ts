/** Injection token of the process's `Provider`. */
export const PROVIDER = Symbol('PROVIDER');
