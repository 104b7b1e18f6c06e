import type { AnchorRecord } from '#chain';
import { type CairnClient, type CatalogueHead, toHead } from '#client';
import type { CommandInput } from '../command.js';
import type { CliContext } from '../context.js';
import { askNodes } from './verify.js';

/**
 * The head of the catalogue as headers prove it whose work was checked here: what a node shows must not be older. Absent
 * where the chain proves that there is none.
 * @throws AppError `light/…` where no node proves it
 */
export async function provenHead(
  client: CairnClient,
  input: CommandInput,
  context: CliContext,
): Promise<CatalogueHead | undefined> {
  const id = client.context.identity.account;
  const { value } = await askNodes(input, context, { kind: 'anchor', id, slot: 'catalogue' });
  const record = value as AnchorRecord | undefined;
  return record === undefined ? undefined : toHead(record.sequence, record.pointer);
}
