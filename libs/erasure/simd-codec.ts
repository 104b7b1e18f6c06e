import { createErasureKernel, type ErasureVariant } from '#wasm-kernels';
import { type CodingPlan, planByMatrix } from './coding-plan.js';
import { planEncode } from './encode-plan.js';
import { copyBytes } from './memory.js';
import { layOutPlan, type PlanRows } from './plan-rows.js';
import type { CodingJob, ErasureCodec } from './port.js';
import { checkIndexes, checkShape, commonLength, presentIndexes } from './shards.js';

/** Plans kept: a file loses the same fragments in all its segments. */
const maxPlans = 32;

/**
 * Reed-Solomon by this project's wasm kernels; undefined where the engine cannot run the variant.
 * Not for use by two threads: each makes its own. The kernel's memory does not grow with the length of the shards.
 */
export function createSimdCodec(variant: ErasureVariant): ErasureCodec | undefined {
  const kernel = createErasureKernel(variant);
  if (kernel === undefined) return undefined;
  const plans = new Map<string, CodingPlan>();
  let laidOut: { readonly plan: CodingPlan; readonly rows: PlanRows } | undefined;

  const planOf = (present: readonly number[], wanted: readonly number[]): CodingPlan => {
    const key = `${present.join()}:${wanted.join()}`;
    const plan = plans.get(key) ?? planFor(present, wanted);
    // A map keeps the order of insertion: the plan unused for longest goes first.
    plans.delete(key);
    plans.set(key, plan);
    if (plans.size > maxPlans) plans.delete(plans.keys().next().value as string);
    return plan;
  };

  const code = ({ length, present, wanted, read, write }: CodingJob): void => {
    if (wanted.length === 0) return;
    const plan = planOf(present, wanted);
    if (laidOut?.plan !== plan) laidOut = { plan, rows: layOutPlan(kernel, plan) };
    const { width, inputs, outputs, run } = laidOut.rows;
    for (let from = 0; from < length; from += width) {
      const count = Math.min(width, length - from);
      for (const [at, input] of inputs.entries()) copyBytes(read(at, from, from + count), input);
      run(count);
      write(from, count === width ? outputs : outputs.map((output) => output.subarray(0, count)));
    }
  };

  return {
    name: variant,
    code,
    encode: (data, parity) => {
      const k = data.length;
      const length = commonLength([...data, ...parity]);
      checkShape(k, k + parity.length);
      code({
        length,
        present: [...data.keys()],
        wanted: Array.from(parity, (_, at) => k + at),
        read: (at, from, toExclusive) => (data[at] as Uint8Array).subarray(from, toExclusive),
        write: (from, rows) => {
          for (const [at, row] of rows.entries()) parity[at]?.set(row, from);
        },
      });
    },
    reconstruct: (shards, k, wanted) => {
      checkShape(k, shards.length);
      const present = presentIndexes(shards, k).slice(0, k);
      const length = commonLength(shards.filter((shard) => shard !== undefined));
      checkIndexes(wanted, k, shards.length);
      const rebuilt = wanted.map(() => new Uint8Array(length));
      code({
        length,
        present,
        wanted,
        read: (at, from, toExclusive) =>
          (shards[present[at] as number] as Uint8Array).subarray(from, toExclusive),
        write: (from, rows) => {
          for (const [at, row] of rows.entries()) rebuilt[at]?.set(row, from);
        },
      });
      return rebuilt;
    },
  };
}

/** With all data at hand there is a shorter way than the matrix. */
function planFor(present: readonly number[], wanted: readonly number[]): CodingPlan {
  const isData = present.every((index, at) => index === at);
  return (isData ? planEncode(present.length, wanted) : undefined) ?? planByMatrix(present, wanted);
}
