import { Page } from '@/ui/Page';

export interface ActivitySearch {
  [key: string]: unknown;
}

export function ActivityPage(_: { search: ActivitySearch; setSearch: (change: Partial<ActivitySearch>) => void }) {
  return <Page title="ActivityPage">…</Page>;
}
