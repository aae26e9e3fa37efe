import type { Schema } from '@/api/types';

interface Out {
  count: number;
  /** Older tokens than those that were asked for may be out too. */
  atLeast: boolean;
  /** When the last of those that were counted ends. */
  last: string | undefined;
}

/** What is out of one delegation, from the newest tokens of its agent. */
export function outOf(delegationId: string, page: Pick<Schema<'AgentTokenList'>, 'items' | 'next_cursor' | 'outstanding'>, now: Date): Out {
  const ends = page.items.filter((t) => t.delegation_id === delegationId && new Date(t.expires_at) > now).map((t) => t.expires_at);
  const counted = page.items.filter((t) => new Date(t.expires_at) > now).length;
  return {
    count: ends.length,
    atLeast: page.next_cursor !== undefined && (page.outstanding.more || page.outstanding.count > counted),
    last: ends.toSorted().at(-1),
  };
}
