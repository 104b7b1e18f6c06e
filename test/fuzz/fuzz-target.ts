import { AppError, type Result } from '#errors';

/**
 * Something that reads bytes of strangers. `run` answers what became of an input (`accepted`, or why it was refused)
 * and throws for whatever must not happen: that is a finding.
 */
export interface FuzzTarget {
  readonly name: string;
  readonly form: 'bytes' | 'text';
  /** Good inputs, from which the bad ones are made. */
  samples(): readonly Uint8Array[];
  run(input: Uint8Array): string | Promise<string>;
}

/** An input that a target treated as it must not. */
export class FindingError extends Error {}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false;
  return true;
}

/** A decoder of canonical bytes: what it accepts, its encoder writes back byte for byte. */
export function decoderTarget<T>(parts: {
  readonly name: string;
  samples(): readonly Uint8Array[];
  decode(input: Uint8Array): Result<T>;
  encode(value: T): Uint8Array;
  /** What else is done with an accepted value; answers the outcome. */
  use?(value: T): string;
}): FuzzTarget {
  const judge = (input: Uint8Array): string => {
    const before = Uint8Array.from(input);
    const decoded = parts.decode(input);
    if (!decoded.ok) return decoded.violation.rule;
    if (!sameBytes(parts.encode(decoded.value), before))
      throw new FindingError('accepted, and written back in other bytes');
    const outcome = parts.use?.(decoded.value) ?? 'accepted';
    if (!sameBytes(before, input)) throw new FindingError('what was read was changed');
    return outcome;
  };
  return {
    name: parts.name,
    form: 'bytes',
    samples: parts.samples,
    run(input) {
      const outcome = judge(input);
      // Sockets and files give Node's Buffers, parts of a larger memory, whose `slice` is a view.
      const pool = Buffer.alloc(input.length + 16, 0xa5);
      const part = pool.subarray(8, 8 + input.length);
      part.set(input);
      const again = judge(part);
      if (again !== outcome) throw new FindingError(`${outcome} as a Uint8Array, ${again} as a Buffer`);
      if (!sameBytes(part, input)) throw new FindingError('a Buffer was changed by who read it');
      return outcome;
    },
  };
}

/** A reader of text: an AppError is an answer, anything else that is thrown is a finding. */
export function textTarget(parts: {
  readonly name: string;
  samples(): readonly string[];
  read(text: string): string | Promise<string>;
}): FuzzTarget {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  return {
    name: parts.name,
    form: 'text',
    samples: () => parts.samples().map((text) => encoder.encode(text)),
    run(input) {
      try {
        const answer = parts.read(decoder.decode(input));
        return typeof answer === 'string' ? answer : answer.catch(toOutcome);
      } catch (error) {
        return toOutcome(error);
      }
    },
  };
}

function toOutcome(error: unknown): string {
  if (error instanceof AppError) return error.code;
  throw error;
}
