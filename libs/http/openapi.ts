import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';

export interface OpenApiOptions {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  /** Where the page is served; its JSON is at the same path with `-json`. Default 'api/docs'. */
  readonly path?: string;
}

/** The OpenAPI document of an app, made from its routes and their zod schemas. */
export function openApiDocument(app: INestApplication, options: OpenApiOptions): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(options.title)
    .setDescription(options.description)
    .setVersion(options.version)
    .build();
  return SwaggerModule.createDocument(app, config, {
    standardSchemaConverter: (schema, { schemaType }) =>
      schema instanceof z.ZodType ? convert(schema, schemaType) : undefined,
    operationIdFactory: (_controller, method) => method,
  });
}

/** Serves the document with Swagger's page, whose files come from this machine. Call before listening. */
export function serveOpenApi(app: INestApplication, options: OpenApiOptions): void {
  const path = options.path ?? 'api/docs';
  let document: OpenAPIObject | undefined;
  const build = (): OpenAPIObject => {
    document ??= openApiDocument(app, options);
    return document;
  };
  SwaggerModule.setup(path, app, build, {
    customSiteTitle: options.title,
    // Without this the page would ask a public service to validate the document.
    swaggerOptions: { validatorUrl: null },
  });
}

/** JSON Schema of a zod schema; bigints are shown as the decimal strings they are sent as. */
function convert(
  schema: z.ZodType,
  io: 'input' | 'output',
): { schema: unknown; components: Record<string, unknown> } {
  const json = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type !== 'bigint') return;
      jsonSchema.type = 'string';
      jsonSchema.pattern = '^\\d+$';
    },
  }) as Record<string, unknown>;
  const { $schema, $defs, id, ...root } = json;
  const components = { ...($defs as Record<string, unknown> | undefined) };
  if (typeof id !== 'string') return { schema: root, components };
  return { schema: { $ref: `#/$defs/${id}` }, components: { ...components, [id]: root } };
}
