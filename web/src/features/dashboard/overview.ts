import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { client } from '@/api/client';
import type { Failure } from '@/api/problem';
import type { Schema } from '@/api/types';

export const windows = [1, 7, 30] as const;
export type Days = (typeof windows)[number];

/** The numbers of the last days, every ten seconds; the window moves on with the clock. */
export function useOverview(days: Days) {
  return useQuery<Schema<'Overview'>, Failure>({
    queryKey: ['overview', days],
    queryFn: async ({ signal }) => {
      const from = new Date(Date.now() - days * 86_400_000).toISOString();
      const { data, error } = await client.GET('/overview', { params: { query: { from } }, signal });
      if (error) throw error;
      return data;
    },
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
  });
}
