import { setTimeout as delay } from 'node:timers/promises';
import type { ContractView } from '#wire';
import type { ClientContext } from '../context.js';

const POLL_MS = 200;

/** The challenge that a contract's provider has still to answer. */
export type OpenWindow = NonNullable<ContractView['window']>;

/** The challenge of a contract that is open and not proven. */
export function openWindowOf(view: ContractView | null): OpenWindow | undefined {
  const window = view?.window ?? null;
  return window === null || window.proven ? undefined : window;
}

/** Looks at a contract until it need not be waited for; `isWaitedFor` throws where waiting is in vain. */
export async function whileWindowOpen(
  { ledger }: Pick<ClientContext, 'ledger'>,
  contract: string,
  isWaitedFor: (window: OpenWindow, view: ContractView) => boolean | Promise<boolean>,
  signal?: AbortSignal,
): Promise<void> {
  for (;;) {
    const view = await ledger.contract({ id: contract });
    const window = openWindowOf(view);
    if (view === null || window === undefined || !(await isWaitedFor(window, view))) return;
    await delay(POLL_MS, undefined, { signal });
  }
}
