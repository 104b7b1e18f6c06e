/** Injection token of the process's `FileVault`. */
export const FILE_VAULT = Symbol('FILE_VAULT');
/** Injection token of the process's `GatewayRenewals`. */
export const GATEWAY_RENEWALS = Symbol('GATEWAY_RENEWALS');
