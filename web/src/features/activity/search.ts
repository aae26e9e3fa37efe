import type { ListQuery } from '@/api/list';
import type { Schema } from '@/api/types';

/** What the URL holds; every field but `live` is a filter. */
export interface ActivitySearch {
  q?: string | undefined;
  actor?: string | undefined;
  agent?: string | undefined;
  action?: string | undefined;
  delegation_id?: string | undefined;
  outcome?: Schema<'AuditOutcome'> | undefined;
  /** RFC 3339, as the API has it. */
  from?: string | undefined;
  to?: string | undefined;
  live?: boolean | undefined;
}

export type Change = (change: Partial<ActivitySearch>) => void;

export const noFilters: ActivitySearch = {
  q: undefined,
  actor: undefined,
  agent: undefined,
  action: undefined,
  delegation_id: undefined,
  outcome: undefined,
  from: undefined,
  to: undefined,
};

/** The API's query for the filters; what is not set is not sent. */
export function queryOf({ live: _, ...filters }: ActivitySearch): ListQuery<'/audit-events'> {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined && value !== ''));
}

export const isFiltered = (search: ActivitySearch): boolean => Object.keys(queryOf(search)).length > 0;

export const presets = [
  { label: 'Last hour', hours: 1 },
  { label: '24 hours', hours: 24 },
  { label: '7 days', hours: 168 },
] as const;

/** A preset as the start of an open range, so that the address means the same time tomorrow. */
export const since = (hours: number, now: Date): string => new Date(now.getTime() - hours * 3_600_000).toISOString();
