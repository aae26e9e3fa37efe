import { type InfiniteData, useQuery, useQueryClient } from '@tanstack/react-query';
import { client } from '@/api/client';
import { type ListQuery, listKey } from '@/api/list';
import type { Schema } from '@/api/types';
import { prepend } from './tail';

const every = 2000;

/** While it is live, asks for the newest page alone and puts what is new on top of the list; returns why it could not. */
export function useTail(query: ListQuery<'/audit-events'>, live: boolean): Error | null {
  const queryClient = useQueryClient();
  const { error } = useQuery({
    queryKey: ['tail', query],
    queryFn: async ({ signal }) => {
      const { data, error } = await client.GET('/audit-events', { params: { query }, signal });
      if (error) throw error;
      const queryKey = listKey('/audit-events', query);
      const known = queryClient.getQueryData<InfiniteData<Schema<'AuditEventList'>>>(queryKey);
      const pages = known && prepend(known.pages, data);
      if (pages) queryClient.setQueryData(queryKey, { ...known, pages });
      else await queryClient.invalidateQueries({ queryKey });
      return data.items[0]?.seq ?? 0;
    },
    enabled: live,
    refetchInterval: every,
    gcTime: 0,
  });
  return live ? error : null;
}
