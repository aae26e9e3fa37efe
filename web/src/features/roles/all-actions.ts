import { useQuery } from '@tanstack/react-query';
import { client } from '@/api/client';
import type { Schema } from '@/api/types';

/** Every action there is: what a role can be made of. */
export function useAllActions() {
  return useQuery({
    queryKey: ['get', '/actions', 'all'],
    queryFn: async ({ signal }) => {
      const actions: Schema<'Action'>[] = [];
      let cursor: string | undefined;
      do {
        const { data, error } = await client.GET('/actions', { params: { query: { limit: 200, ...(cursor ? { cursor } : {}) } }, signal });
        if (error) throw error;
        actions.push(...data.items);
        cursor = data.next_cursor;
      } while (cursor);
      return actions;
    },
  });
}
