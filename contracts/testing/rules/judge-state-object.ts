import type { Judgement, RuleVector } from '../../../chain/testing/rules/index.js';
import { type StateObjectRef, stateObjectPlace } from '../../state-objects.js';

/** Judges a vector about the name of an object: acceptance gives the namespace's code and the key. */
export function judgeStateObject(vector: RuleVector): Judgement {
  const place = stateObjectPlace(vector.object as unknown as StateObjectRef);
  if (!place.ok) return { verdict: place.violation.rule };
  return { verdict: 'accept', gives: `${place.value.space.code}/${place.value.key}` };
}
