import { Page } from '@/ui/Page';

export interface DelegationsSearch {
  [key: string]: unknown;
}

export function DelegationsPage(_: { search: DelegationsSearch; setSearch: (change: Partial<DelegationsSearch>) => void }) {
  return <Page title="DelegationsPage">…</Page>;
}
