import type { Schema } from '../codec/schema.js';

/**
 * One kind of object in the state: its name, its code in stored diffs and the canonical form of its values.
 * Keys are text of at most 120 bytes; values are immutable.
 */
export interface Namespace<V> {
  readonly name: string;
  /** Fixed once written: part of stored undo data. */
  readonly code: number;
  readonly value: Schema<V>;
}

/** Declares a namespace. */
export function namespace<V>(name: string, code: number, value: Schema<V>): Namespace<V> {
  return { name, code, value };
}

/** What the law reads from: the state after the parent block. */
export interface StateReader {
  get<V>(space: Namespace<V>, key: string): V | undefined;
}
