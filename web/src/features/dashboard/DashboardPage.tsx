import { Page } from '@/ui/Page';

export interface DashboardSearch {
  [key: string]: unknown;
}

export function DashboardPage(_: { search: DashboardSearch; setSearch: (change: Partial<DashboardSearch>) => void }) {
  return <Page title="DashboardPage">…</Page>;
}
