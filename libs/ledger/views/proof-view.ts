import type { ProofExplanation } from '#contracts';
import type { ProofExplanationView } from '#wire';

/** A storage proof draw by draw. */
export function explanationToView({
  draws,
  leaves,
  sizes,
  violation,
}: ProofExplanation): ProofExplanationView {
  return {
    draws: draws.map(({ draw, chunk, leafIndex, fragment, chunkInFragment, verdict }) => ({
      draw,
      chunk: chunk.toString(),
      leafIndex: leafIndex ?? null,
      fragment: fragment ?? null,
      chunkInFragment: chunkInFragment ?? null,
      verdict,
    })),
    leaves: leaves.map(({ isTombstone, chunks, ...leaf }) => ({
      ...leaf,
      tombstone: isTombstone,
      chunks: [...chunks],
    })),
    sizes: { ...sizes },
    violation: violation?.rule ?? null,
  };
}
