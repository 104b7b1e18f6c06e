import type { Setting } from './setting.js';
import { SETTINGS } from './settings.js';

/** The text of docs/config.md: the table of all settings. A test holds the file equal to it. */
export function settingsToMarkdown(): string {
  const rows = (Object.entries(SETTINGS) as [string, Setting<unknown>][]).map(([key, row]) =>
    [
      `\`${row.env}\``,
      `\`--${row.flag}\``,
      `\`${key}\``,
      row.default === undefined ? 'unset' : `\`${row.default}\``,
      row.type.allowed.replaceAll('|', '\\|'),
      `${row.description}${row.secret ? ' Secret: never printed.' : ''}`,
      row.apps === 'all' ? 'all' : row.apps.join(', '),
    ].join(' | '),
  );
  return `# Settings

<!-- Written by the generator in libs/config; change libs/config/settings.ts instead of this file. -->

A setting comes from, later ones first: its flag, its environment variable, the file \`cairn.config.json\`, its
default. The file is looked for in the working folder, or where \`--config\` or \`CAIRN_CONFIG\` say; it is one JSON
object with the keys below. An empty environment variable counts as unset. A name that is not in this table, and a
value that is not allowed, end the program with exit code 78 and a message that names both and the closest known name.

Sizes are written as \`512MiB\` or \`10GiB\`, durations as \`500ms\`, \`30s\`, \`5m\`, \`2h\`, \`1d\`.

| environment | flag | key in the file | default | allowed | meaning | used by |
|---|---|---|---|---|---|---|
${rows.map((row) => `| ${row} |`).join('\n')}
`;
}
