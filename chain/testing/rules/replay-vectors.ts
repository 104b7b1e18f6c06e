import type { CryptoPort } from '#crypto';
import { hexToBytes } from '#crypto';
import { violationToText } from '#errors';
import { decodeBlock } from '../../block/block.js';
import { createLaw, type LawModule } from '../../law/law.js';
import { MemoryChain } from '../memory-chain.js';
import { type JudgeOther, judgeVector } from './judge-vector.js';
import { type RuleVector, type RuleVectorFile, vectorParams } from './rule-vector.js';

/** A vector whose answer is another than the file says. */
export interface Disagreement {
  readonly vector: RuleVector;
  readonly verdict: string;
  readonly gives?: string;
}

/**
 * Replays every vector of a file on the given law: chains are built block by block from their bytes, vectors judged at
 * their heights. Answers the disagreements; a chain that does not build is one, of all vectors that need it.
 */
export function replayVectors(
  file: RuleVectorFile,
  modules: readonly LawModule[],
  crypto: CryptoPort,
  judgeOther?: JudgeOther,
): readonly Disagreement[] {
  const wrong: Disagreement[] = [];
  const laws = new Map(
    Object.entries(file.networks).map(([name, network]) => [
      name,
      createLaw(vectorParams(network), crypto, modules),
    ]),
  );
  const lawOf = (network: string): ReturnType<typeof createLaw> => {
    const law = laws.get(network);
    if (law === undefined) throw new Error(`the file names no network '${network}'`);
    return law;
  };
  const judge = (vector: RuleVector, chain?: MemoryChain): void => {
    const judgement = judgeVector(vector, lawOf(vector.network), chain, judgeOther);
    if (judgement.verdict !== vector.verdict || judgement.gives !== vector.gives)
      wrong.push({ vector, ...judgement });
  };
  for (const vector of file.vectors) if (vector.chain === undefined) judge(vector);
  for (const [name, { network, blocks }] of Object.entries(file.chains)) {
    const own = file.vectors.filter(({ chain }) => chain === name);
    const chain = new MemoryChain(lawOf(network));
    let broken: string | undefined;
    for (let height = 0; height <= blocks.length && broken === undefined; height++) {
      if (height > 0) broken = addBytes(chain, blocks[height - 1] as string);
      if (broken === undefined) for (const vector of own) if (vector.height === height) judge(vector, chain);
    }
    if (broken !== undefined)
      for (const vector of own) wrong.push({ vector, verdict: `chain '${name}' does not build: ${broken}` });
  }
  return wrong;
}

function addBytes(chain: MemoryChain, hex: string): string | undefined {
  const block = decodeBlock(chain.law, hexToBytes(hex));
  const added = block.ok ? chain.add(block.value) : block;
  return added.ok ? undefined : violationToText(added.violation);
}
