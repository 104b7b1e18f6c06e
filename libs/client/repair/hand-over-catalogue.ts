import { holdingName, holdingsOf } from '#catalogue';
import type { LoadedCatalogue } from '../catalogue/catalogue-memory.js';
import { holdingManifest } from '../catalogue/entry-content.js';
import type { CallOptions, ClientContext } from '../context.js';
import { type HandOver, handOver, type KeptThing } from './hand-over.js';

/** Everything that is stored under contracts of its own: files, packs, and the list of all files itself. */
export function keptThings({ catalogue, manifests = [] }: LoadedCatalogue): KeptThing[] {
  return [
    ...manifests.map((manifest) => ({ name: '(catalogue)', manifest })),
    ...holdingsOf(catalogue).map((holding) => ({
      name: holdingName(holding),
      manifest: holdingManifest(holding),
    })),
  ];
}

/** Hands over what changed since the last time, and takes back what is gone. */
export function handOverCatalogue(
  context: ClientContext,
  loaded: LoadedCatalogue,
  options: CallOptions & { readonly book?: string | undefined } = {},
): Promise<HandOver> {
  return handOver(context, keptThings(loaded), options);
}
