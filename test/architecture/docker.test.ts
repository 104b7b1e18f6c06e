import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { SETTINGS } from '#config';

interface Service {
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly depends_on?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

// The YAML reader is the one that @nestjs/swagger brings; a package of our own for one test would be too much.
const requireFromSwagger = createRequire(createRequire(import.meta.url).resolve('@nestjs/swagger'));

const dockerfile = readFileSync('docker/Dockerfile', 'utf8');
const stages = [...dockerfile.matchAll(/^FROM (\S+) AS (\S+)$/gm)].map(([, base = '', name = '']) => ({
  base,
  name,
}));
const targets = stages.filter(({ base }) => base === 'app').map(({ name }) => name);
const apps = readdirSync('apps', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

describe('docker/Dockerfile', () => {
  test('has a target for each folder of apps/, and no other', () => {
    expect([...targets].sort()).toEqual([...apps].sort());
  });

  test('each target starts the built entry of its own app', () => {
    const entries = [...dockerfile.matchAll(/^FROM app AS (\S+)\n(?:EXPOSE [\d ]+\n)?ENTRYPOINT (.+)$/gm)];
    expect(entries.map(([, name]) => name)).toEqual(targets);
    for (const [, name, entry = ''] of entries) {
      expect(JSON.parse(entry)).toEqual(['node', `dist/apps/${name}/main.js`]);
      expect(readdirSync(`apps/${name}`)).toContain('main.ts');
    }
  });

  test('carries what built code reads beside itself: the explorer’s page', () => {
    const copied = [...dockerfile.matchAll(/^COPY --from=build \/cairn\/(\S+) /gm)].map(([, path]) => path);
    expect(copied).toContain('libs/explorer/web');
    expect(readdirSync('libs/explorer/web')).toContain('index.html');
  });

  test('copies only what exists and sets only known settings', () => {
    const known = Object.values(SETTINGS).map((setting) => setting.env as string);
    const set = [...dockerfile.matchAll(/\b(CAIRN_\w+)=/g)].map(([, name = '']) => name);
    expect(set).toContain('CAIRN_DATA_DIR');
    expect(known).toEqual(expect.arrayContaining(set));
  });
});

describe('docker/compose.yaml', () => {
  let compose: Compose;
  beforeAll(() => {
    const yaml = requireFromSwagger('js-yaml') as {
      load: (text: string, options: { schema: unknown }) => unknown;
      YAML11_SCHEMA: unknown;
    };
    // `<<` is of YAML 1.1, which compose files keep
    compose = yaml.load(readFileSync('docker/compose.yaml', 'utf8'), {
      schema: yaml.YAML11_SCHEMA,
    }) as Compose;
  });

  test('runs every app that is a service, from a target that exists', () => {
    const built = Object.values(compose.services).flatMap(({ build }) => (build ? [build] : []));
    for (const build of built)
      expect(build).toMatchObject({ context: '..', dockerfile: 'docker/Dockerfile' });
    const used = new Set(built.map(({ target }) => target));
    expect([...used].sort()).toEqual(targets.filter((name) => name !== 'cli' && name !== 'site').sort());
  });

  test('gives every service settings that its program knows', () => {
    const known: string[] = Object.values(SETTINGS).map((setting) => setting.env);
    for (const { build, environment } of Object.values(compose.services)) {
      if (build === undefined) continue;
      expect(Object.keys(environment ?? {})).not.toEqual([]);
      expect(known).toEqual(expect.arrayContaining(Object.keys(environment ?? {})));
    }
  });

  test('refers only to services and volumes that it declares, and shares no data folder', () => {
    const mounted = Object.values(compose.services).flatMap((service) =>
      (service.volumes ?? []).map((volume) => volume.split(':')[0] ?? ''),
    );
    expect(new Set(mounted).size).toBe(mounted.length);
    expect([...mounted].sort()).toEqual(Object.keys(compose.volumes).sort());
    for (const { depends_on: needed } of Object.values(compose.services)) {
      expect(Object.keys(compose.services)).toEqual(expect.arrayContaining([...(needed ?? [])]));
    }
  });
});
