import type { Catalogue } from '#catalogue';
import type { Manifest } from '#fragments';
import type { CatalogueHead, SeenHead } from './seen-head.js';

/** A catalogue as found on the network, with the contracts that keep it. */
export interface LoadedCatalogue {
  readonly catalogue: Catalogue;
  readonly sequence: bigint;
  readonly contracts: readonly string[];
  /** What it is stored as, outermost first: for its repair. */
  readonly manifests?: readonly Manifest[];
}

/** What a client remembers of its catalogue. */
export interface CatalogueMemory {
  readonly seen: SeenHead;
  /** The one loaded or published last, by its head: it is not fetched again while that stays. */
  last?: { readonly head: CatalogueHead; readonly loaded: LoadedCatalogue };
}
