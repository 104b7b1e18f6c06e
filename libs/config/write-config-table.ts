/** Writes docs/config.md: `node dist/libs/config/write-config-table.js` after a build. */
import { writeFile } from 'node:fs/promises';
import { settingsToMarkdown } from './config-table.js';

await writeFile(new URL('../../../docs/config.md', import.meta.url), settingsToMarkdown());
