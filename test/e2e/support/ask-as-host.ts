import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';

/** What is answered to a browser that reached this address by the given name. */
export async function askAsHost(url: string, host: string): Promise<{ status: number; code?: unknown }> {
  const request = get(url, { headers: { host }, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const body = (await json(response)) as { code?: unknown };
  return { status: response.statusCode ?? 0, code: body.code };
}
