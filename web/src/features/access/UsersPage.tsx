import { Page } from '@/ui/Page';

export interface UsersSearch {
  [key: string]: unknown;
}

export function UsersPage(_: { search: UsersSearch; setSearch: (change: Partial<UsersSearch>) => void }) {
  return <Page title="UsersPage">…</Page>;
}
