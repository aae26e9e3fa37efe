import { useQuery } from '@tanstack/react-query';
import { client } from '@/api/client';

/** The names of every role there is. */
export function useAllRoles() {
  return useQuery({
    queryKey: ['get', '/roles', 'names'],
    queryFn: async ({ signal }) => {
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const { data, error } = await client.GET('/roles', { params: { query: { limit: 200, ...(cursor ? { cursor } : {}) } }, signal });
        if (error) throw error;
        names.push(...data.items.map((r) => r.name));
        cursor = data.next_cursor;
      } while (cursor);
      return names;
    },
  });
}
