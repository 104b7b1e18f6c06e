import { type BlockId, type Law, shouldReorganize } from '#chain';
import { AppError } from '#errors';
import { checkProof, type ProvenObject, placeOf } from './check-proof.js';
import type { HeaderCache } from './header-cache.js';
import { otherBranch } from './light-error.js';
import type { LightNode, VerifyRequest } from './light-node.js';
import { followNode } from './sync-headers.js';
import type { VerifiedHeaders } from './verified-headers.js';

export interface LightClientOptions {
  readonly law: Law;
  /** In the order they are asked. */
  readonly nodes: readonly LightNode[];
  readonly cache: HeaderCache;
  /** Seconds since 1970. */
  readonly clock: () => number;
}

/** How a node came off. */
export interface NodeReport {
  readonly url: string;
  /** Height and work of its valid headers; undefined where it gave none. */
  readonly height?: number;
  readonly totalWork?: bigint;
  /** Why it was not believed, or not reached. */
  readonly problem?: AppError;
}

/** An object of the state, or its absence, that no node could have made up. */
export interface VerifiedObject extends ProvenObject {
  /** The node whose proof held. */
  readonly url: string;
  /** Block whose coinbase commits to the state, and how many blocks stand on it, itself among them. */
  readonly blockId: BlockId;
  readonly height: number;
  readonly confirmations: number;
  readonly tip: { readonly id: BlockId; readonly height: number; readonly timeSeconds: number };
  readonly totalWork: bigint;
  readonly nodes: readonly NodeReport[];
}

/** Answers questions about the state from nodes that are not trusted. */
export interface LightClient {
  /**
   * @throws AppError `light/…` where no node could prove anything (the first node's problem), `node/…` where none answered
   */
  verify(request: VerifyRequest): Promise<VerifiedObject>;
}

/**
 * A client that believes work, not nodes: of the chains its nodes show it follows the one with the most work behind it,
 * by the fork rule of nodes, and takes an answer only with a proof against that chain.
 */
export function createLightClient(options: LightClientOptions): LightClient {
  const { law, nodes, cache, clock } = options;

  const chooseChain = async (known: VerifiedHeaders) => {
    let best = known;
    const reports = new Map<LightNode, NodeReport>();
    for (const node of nodes) {
      try {
        const headers = await followNode({ law, clock }, node, best);
        reports.set(node, { url: node.url, height: headers.height, totalWork: headers.weight.totalWork });
        if (isBetter(best, headers)) best = headers;
      } catch (error) {
        reports.set(node, { url: node.url, problem: toProblem(error) });
      }
    }
    return { best, reports };
  };

  return {
    async verify(request) {
      const { confirmations } = request;
      const place = placeOf(request);
      let chain = await cache.load(law, clock());
      const reports = new Map<LightNode, NodeReport>();
      // A block that comes between headers and proof is caught up with once.
      for (let attempt = 0; attempt < 2; attempt++) {
        const chosen = await chooseChain(chain);
        if (chosen.best !== chain) await cache.save(chosen.best);
        chain = chosen.best;
        let isBehind = false;
        for (const [node, report] of chosen.reports) reports.set(node, report);
        for (const [node, report] of chosen.reports) {
          if (report.problem !== undefined) continue;
          try {
            const view = await node.ledger.stateProof(request);
            // The node proves against a block of so many confirmations on its own tip.
            if (view.height + confirmations - 1 > chain.height) isBehind = true;
            if (chain.idAt(view.height) !== view.blockId)
              throw otherBranch(node.url, view.blockId, view.height, chain.idAt(view.height));
            const object = checkProof(law, node.url, chain, { place, confirmations }, view);
            return toVerified(node.url, chain, view.height, object, [...reports.values()]);
          } catch (error) {
            reports.set(node, { ...report, problem: toProblem(error) });
          }
        }
        if (!isBehind) break;
      }
      throw firstProblem([...reports.values()]);
    },
  };
}

/** Ahead on the same line, or heavier by the margin of the fork rule. */
function isBetter(best: VerifiedHeaders, candidate: VerifiedHeaders): boolean {
  const continues = candidate.height > best.height && candidate.idAt(best.height) === best.tipId;
  return continues || shouldReorganize(best.weight, candidate.weight);
}

function toVerified(
  url: string,
  chain: VerifiedHeaders,
  height: number,
  object: ProvenObject,
  nodes: readonly NodeReport[],
): VerifiedObject {
  return {
    ...object,
    url,
    blockId: chain.idAt(height) as BlockId,
    height,
    confirmations: chain.height - height + 1,
    tip: { id: chain.tipId, height: chain.height, timeSeconds: chain.tipTimeSeconds },
    totalWork: chain.weight.totalWork,
    nodes,
  };
}

/** Operational errors are what a node can cause; ours end the program. */
function toProblem(error: unknown): AppError {
  if (error instanceof AppError) return error;
  throw error;
}

/** A lie is more worth telling than a node that does not answer. */
function firstProblem(reports: readonly NodeReport[]): AppError {
  const problems = reports.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  const lie = problems.find(({ code }) => code.startsWith('light/'));
  return (
    lie ??
    problems[0] ??
    new AppError({
      code: 'light/no-node',
      message: 'no node was named that could be asked',
      next: 'name at least one with --node',
    })
  );
}
