import { NETWORKS, type NetworkParams } from '#chain';
import type { Config } from '#config';
import type { Output } from './output/output.js';

/** What every command works with. */
export interface CliContext {
  readonly config: Config;
  readonly params: NetworkParams;
  readonly output: Output;
  /** Aborted by the first Ctrl-C or a SIGTERM: finish cleanly. */
  readonly signal: AbortSignal;
  /** Whether somebody can answer a question: a terminal on both sides, and neither --json nor --yes given. */
  readonly canAsk: boolean;
  readonly assumeYes: boolean;
}

/** The parameters of the configured network. */
export function paramsOf(config: Config): NetworkParams {
  return NETWORKS[config.network];
}
