import { z } from 'zod';

/** Text in the address. The router reads addresses as JSON, so a search for `42` that somebody typed there comes as a number. */
export const text = (max = 256) =>
  z.union([z.string(), z.number(), z.boolean()]).transform(String).pipe(z.string().max(max)).optional().catch(undefined);

/** One of some words; any other is none. */
export const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) => z.enum(words).optional().catch(undefined);

const typed: ReadonlySet<string> = new Set(['q', 'actor', 'action', 'live']);

/**
 * Whether a change of the search takes the place of the entry in the history. A
 * chosen filter or tab is an entry of its own, which Back takes back; letters,
 * the parts of a time being set, and what goes on within an open dialog are not.
 */
export function replaces(before: object, change: object): boolean {
  const [was, is] = [new Map(Object.entries(before)), Object.entries(change)];
  return is
    .filter(([key, value]) => was.get(key) !== value)
    .every(([key, value]) => {
      if (typed.has(key)) return true;
      if (key === 'onboard') return was.get(key) !== undefined;
      const time = key === 'from' || key === 'to';
      return time && is.length === 1 && was.get(key) !== undefined && value !== undefined;
    });
}
