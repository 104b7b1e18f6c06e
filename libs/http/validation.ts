import { type ArgumentMetadata, Injectable, StandardSchemaValidationPipe } from '@nestjs/common';

type Schema = NonNullable<ArgumentMetadata['schema']>;

/** One thing wrong with a request: where, what was sent, what was expected. */
export interface RequestIssue {
  readonly in: 'body' | 'query' | 'path' | 'header';
  /** Dotted path of the field; empty for the whole. */
  readonly field: string;
  /** What was sent, shortened; absent where nothing was sent. */
  readonly value?: unknown;
  readonly expected: string;
}

/** A request that does not fit its schema; answered as 400. */
export class RequestInvalid extends Error {
  constructor(readonly issues: readonly RequestIssue[]) {
    super(issues.map(issueText).join('; '));
    this.name = 'RequestInvalid';
  }
}

/** Nest's validation by standard schema (`@Body({ schema })`), with errors that name field, value and expectation. */
@Injectable()
export class RequestValidationPipe extends StandardSchemaValidationPipe {
  override async transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    const schema: Schema | undefined = metadata.schema;
    if (schema === undefined || !this.toValidate(metadata)) return value;
    this.stripProtoKeys(value);
    const result = await this.validate<T>(value, schema);
    if (result.issues === undefined) return result.value;
    throw new RequestInvalid(
      result.issues.map(({ message, path = [] }) => {
        const keys = path.map((segment) => (typeof segment === 'object' ? segment.key : segment));
        const sent = valueAt(value, keys);
        const field = [...(metadata.data === undefined ? [] : [metadata.data]), ...keys].join('.');
        return {
          in: metadata.type === 'param' ? 'path' : metadata.type === 'custom' ? 'header' : metadata.type,
          field,
          ...(sent === undefined ? {} : { value: shorten(sent) }),
          expected: message,
        } as const;
      }),
    );
  }
}

function issueText(issue: RequestIssue): string {
  const where = issue.field === '' ? `the ${issue.in}` : `${issue.in} field ${issue.field}`;
  const what = issue.value === undefined ? 'is missing' : `is ${JSON.stringify(issue.value)}`;
  return `${where} ${what} (${issue.expected})`;
}

function valueAt(value: unknown, keys: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of keys) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Record<PropertyKey, unknown>)[key];
  }
  return current;
}

function shorten(value: unknown): unknown {
  if (typeof value === 'string') return value.length > 100 ? `${value.slice(0, 100)}…` : value;
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? `an array of ${value.length}` : 'an object';
}
