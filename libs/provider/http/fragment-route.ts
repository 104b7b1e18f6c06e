import type { DirectRoute } from '#http';
import type { Provider } from '../provider.js';
import { getFragment, putFragment } from './fragment-exchange.js';

const PREFIX = '/v1/fragments/';

/**
 * PUT and GET of fragments without the framework, which would cost more than everything that is done for a fragment
 * (docs/adr/0029-bytes-way.md). FragmentsController describes the same two and answers what is written unusually.
 */
export function createFragmentRoute(provider: Provider): DirectRoute {
  return (request) => {
    const { url = '', method } = request;
    if (!url.startsWith(PREFIX)) return undefined;
    const id = url.slice(PREFIX.length);
    if (!/^[\w.~-]+$/.test(id)) return undefined;
    if (method === 'PUT') return (response) => putFragment(provider, id, request, response);
    if (method === 'GET') return (response) => getFragment(provider, id, request, response);
    return undefined;
  };
}
