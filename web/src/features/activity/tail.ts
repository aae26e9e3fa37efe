import type { Schema } from '@/api/types';

type Page = Schema<'AuditEventList'>;

/** The pages with what is new on the newest one, or undefined when between the two something may be missing. */
export function prepend(pages: readonly Page[], newest: Page): Page[] | undefined {
  const [first, ...others] = pages;
  const last = first?.items[0]?.seq;
  if (!first || last === undefined) return [newest];
  const fresh = newest.items.filter((event) => event.seq > last);
  if (fresh.length === newest.items.length && newest.next_cursor !== undefined) return undefined;
  return [{ ...first, items: [...fresh, ...first.items] }, ...others];
}
