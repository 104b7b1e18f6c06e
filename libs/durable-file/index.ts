/**
 * Owns: replacing a small file whole, so that neither a crash nor a power cut leaves half of it.
 * Does not own: what the file says, files that grow (journals, logs, fragments), the errors its owner tells people.
 * Read next: replace-file.ts.
 */
export { replaceFile, syncFolder } from './replace-file.js';
