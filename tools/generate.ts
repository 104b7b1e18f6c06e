// Writes every generated file into the tree (tools/generated.ts).
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generatedFiles } from './generated.js';

for (const { path, generate } of generatedFiles) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await generate());
  console.log(`wrote ${path}`);
}
