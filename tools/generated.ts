/**
 * Files that are generated from code and committed, so that a reader sees them and a change of them is reviewed.
 * `npm test` writes each again and compares; `npm run generate` writes them into the tree.
 */
export interface GeneratedFile {
  /** Path from the project's folder. */
  readonly path: string;
  /** Resolves to the text the file must hold. Loaded lazily, so that a broken generator fails alone. */
  readonly generate: () => Promise<string>;
}

export const generatedFiles: readonly GeneratedFile[] = [
  { path: 'docs/cli.md', generate: async () => (await import('../apps/cli/cli-docs.js')).cliToMarkdown() },
  { path: 'docs/config.md', generate: async () => (await import('#config')).settingsToMarkdown() },
  {
    path: 'docs/protocol/node-api.md',
    generate: async () => (await import('#node-api')).nodeApiToMarkdown(),
  },
  ...(['admin-api', 'gateway', 'repairer', 'chain-node'] as const).map((name) => ({
    path: `docs/openapi/${name}.json`,
    generate: async () => (await import('./openapi.js')).openApiDocuments[name](),
  })),
];
