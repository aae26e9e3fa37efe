import type { Problem } from './types';

/** What a failed request throws: the server's RFC 9457 body, or an Error when there was no answer. */
export type Failure = Problem | Error;

export function isProblem(failure: unknown): failure is Problem {
  return typeof failure === 'object' && failure !== null && 'code' in failure && 'detail' in failure && 'status' in failure;
}

/** No answer came: the server, or the way to it, is away. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('AuthSec cannot be reached. Nothing was lost; try again.', { cause });
  }
}

export const statusOf = (failure: unknown): number => (isProblem(failure) ? failure.status : 0);

/** One sentence for a person. */
export function failureText(failure: unknown): string {
  if (isProblem(failure)) return failure.detail;
  if (failure instanceof Unreachable) return failure.message;
  return 'This page met something it does not understand. Reload it, and report this if it comes back.';
}

/** A JSON pointer as the path of a form's field: `/selectors/0/key` → `selectors.0.key` (RFC 6901). */
export function fieldPath(pointer: string): string {
  return pointer
    .replace(/^\//, '')
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.');
}

/** The server's messages by form field. */
export function fieldErrors(failure: unknown): Record<string, string> {
  if (!isProblem(failure)) return {};
  const errors: Record<string, string> = {};
  for (const { field, message } of failure.errors ?? []) {
    const path = fieldPath(field);
    errors[path] = errors[path] ? `${errors[path]} ${message}` : message;
  }
  return errors;
}
