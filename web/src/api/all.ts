import { useQuery } from '@tanstack/react-query';
import { client } from './client';
import type { ListItem, ListPath } from './list';

/** The lists that are small enough to be had whole: what a person chooses from. */
type WholePath = Extract<ListPath, '/actions' | '/identity-providers' | '/resources' | '/roles'>;

/** Every item of a list, page after page. */
export function useAll<P extends WholePath>(path: P, { enabled = true } = {}) {
  return useQuery({
    queryKey: ['get', path, 'all'],
    enabled,
    queryFn: async ({ signal }) => {
      const items: ListItem<P>[] = [];
      let cursor: string | undefined;
      do {
        const query = { limit: 200, ...(cursor ? { cursor } : {}) };
        const { data, error } = await client.GET(path as WholePath, { params: { query }, signal });
        if (error) throw error;
        items.push(...(data.items as ListItem<P>[]));
        cursor = data.next_cursor;
      } while (cursor);
      return items;
    },
  });
}
