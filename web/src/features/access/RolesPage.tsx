import { Page } from '@/ui/Page';

export interface RolesSearch {
  [key: string]: unknown;
}

export function RolesPage(_: { search: RolesSearch; setSearch: (change: Partial<RolesSearch>) => void }) {
  return <Page title="RolesPage">…</Page>;
}
