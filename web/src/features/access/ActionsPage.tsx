import { Page } from '@/ui/Page';

export interface ActionsSearch {
  [key: string]: unknown;
}

export function ActionsPage(_: { search: ActionsSearch; setSearch: (change: Partial<ActionsSearch>) => void }) {
  return <Page title="ActionsPage">…</Page>;
}
