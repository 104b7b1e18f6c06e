import { AppError } from '#errors';

const MAX_NAME_BYTES = 1_024;

/**
 * The name of a file out of the path of a URL, whose segments are decoded. Any UTF-8 but control characters; no empty,
 * `.` or `..` segment, which clients and proxies fold away.
 * @throws AppError `gateway/bad-request`
 */
export function toFileName(segments: string | readonly string[]): string {
  const name = typeof segments === 'string' ? segments : segments.join('/');
  const why = faultOf(name);
  if (why === undefined) return name;
  throw new AppError({
    code: 'gateway/bad-request',
    message: `${JSON.stringify(name.slice(0, 100))} is no name for a file: ${why}`,
    next: 'use a path such as photos/2026/a.jpg',
    data: { name: name.slice(0, 100) },
  });
}

function faultOf(name: string): string | undefined {
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `it is longer than ${MAX_NAME_BYTES} bytes`;
  if (name.split('/').some((segment) => segment === '' || segment === '.' || segment === '..'))
    return 'it has an empty, . or .. segment';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\u0000-\u001f\u007f]/.test(name)) return 'it has a control character';
  return undefined;
}
