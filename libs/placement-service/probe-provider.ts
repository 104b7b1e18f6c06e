import { type NetworkParams, publicKeyToAccountId } from '#chain';
import { type CryptoPort, hexToBytes } from '#crypto';
import { type EndpointView, type OfferView, providerInfo } from '#wire';
import type { ProbeResult } from './liveness-record.js';

const MAX_INFO_BYTES = 64 * 1024;

export interface ProbeOptions {
  readonly crypto: CryptoPort;
  readonly params: NetworkParams;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Asks a provider's `/v1/info` at the first address it announces; whatever goes wrong is a reason, not an error. */
export async function probeProvider(
  offer: Pick<OfferView, 'provider' | 'address'>,
  endpoint: Pick<EndpointView, 'addresses'> | null,
  options: ProbeOptions,
): Promise<ProbeResult> {
  const url = endpoint?.addresses.find((address) => /^https?:\/\//.test(address));
  const about = { provider: offer.provider, address: offer.address, url: url ?? '' };
  if (url === undefined) return { ...about, latencyMs: undefined, error: 'it announces no HTTP address' };
  const startedAt = performance.now();
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}/v1/info`, {
      signal: AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]),
      redirect: 'error',
    });
    const error = await checkInfo(response, offer.provider, options);
    return { ...about, latencyMs: Math.round((performance.now() - startedAt) * 10) / 10, error };
  } catch (error) {
    return { ...about, latencyMs: undefined, error: reasonOf(error, options.timeoutMs) };
  }
}

/** Somebody else at the address is as bad as nobody. */
async function checkInfo(
  response: Response,
  provider: string,
  { crypto, params }: ProbeOptions,
): Promise<string | undefined> {
  if (response.status !== 200) {
    await response.body?.cancel();
    return `it answers with status ${response.status}`;
  }
  const text = await readLimited(response, MAX_INFO_BYTES);
  const info = providerInfo.safeParse(parseJson(text));
  if (!info.success) return 'what answers at its address is no provider';
  const account = publicKeyToAccountId(crypto, params, hexToBytes(info.data.providerKey));
  if (account !== provider) return `another provider answers at its address (${info.data.address})`;
  return undefined;
}

async function readLimited(response: Response, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const part of response.body ?? []) {
    total += part.length;
    if (total > maxBytes) break;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function reasonOf(thrown: unknown, timeoutMs: number): string {
  const { name, message, cause } = thrown as Error;
  if (name === 'TimeoutError') return `it did not answer within ${timeoutMs} ms`;
  return `it cannot be reached (${(cause as NodeJS.ErrnoException | undefined)?.code ?? message})`;
}
