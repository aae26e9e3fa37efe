import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { client } from '@/api/client';
import type { Failure } from '@/api/problem';
import type { Schema } from '@/api/types';
import { count } from '@/lib/text';

export const windows = [1, 7, 30] as const;
export type Days = (typeof windows)[number];

export const windowLabels: Record<Days, string> = { 1: '24 hours', 7: '7 days', 30: '30 days' };

/** What the numbers on screen are of: for a moment, still the window that was chosen before. */
export function windowOf({ from, to }: Pick<Schema<'Overview'>, 'from' | 'to'>): string {
  const days = Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
  return windowLabels[days as Days] ?? count(days, 'day');
}

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
