/** An answer of the API that is no success: what was wrong and what to do next. */
export class ApiProblem extends Error {
  constructor(problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** GET of /api/v1; parameters that are undefined are left out. */
export async function get(path, parameters = {}) {
  const query = new URLSearchParams(
    Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null),
  );
  const text = query.size === 0 ? '' : `?${query}`;
  let response;
  try {
    response = await fetch(`/api/v1/${path}${text}`, { headers: { accept: 'application/json' } });
  } catch {
    throw new ApiProblem({
      title: 'Not reachable',
      detail: 'the admin API does not answer',
      next: 'is it running? This page tries again when you reload it',
    });
  }
  const body = await response.json();
  if (!response.ok) throw new ApiProblem(body);
  return body;
}

/** Events of the chain; reconnects by itself and goes on after the last event seen. */
export function follow({ onBlock, onTransaction, onState }) {
  const source = new EventSource('/api/v1/events');
  source.addEventListener('start', () => onState('live'));
  source.addEventListener('block', (event) => {
    onState('live');
    onBlock(JSON.parse(event.data));
  });
  source.addEventListener('reorg', (event) => onBlock(JSON.parse(event.data)));
  source.addEventListener('transaction', (event) => onTransaction(JSON.parse(event.data)));
  source.addEventListener('open', () => onState('live'));
  source.addEventListener('error', () => onState('lost'));
}
