/** The curve arithmetic of one native engine; callers have done the encoding rules before `verifyEquation`. */
export interface Ed25519Engine {
  readonly name: 'sodium-native' | 'node:crypto';
  publicKey(secretKey: Uint8Array): Uint8Array;
  sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array;
  /** Whether enc(S*B - k*A) equals R, cofactorless. */
  verifyEquation(check: {
    readonly publicKey: Uint8Array;
    readonly message: Uint8Array;
    readonly signature: Uint8Array;
  }): boolean;
}
