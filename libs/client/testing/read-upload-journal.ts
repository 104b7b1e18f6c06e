import { type JournalState, readJournal } from '../transfer/resume/upload-journal.js';

/** What an unfinished upload has written down. */
export async function readUploadJournal(path: string, key: Uint8Array): Promise<JournalState> {
  const read = await readJournal(path, key);
  if (read === undefined) throw new Error(`${path} is no journal of an upload`);
  return read.state;
}
