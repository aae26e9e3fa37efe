import { Page } from '@/ui/Page';

export interface ApiTokensSearch {
  [key: string]: unknown;
}

export function ApiTokensPage(_: { search: ApiTokensSearch; setSearch: (change: Partial<ApiTokensSearch>) => void }) {
  return <Page title="ApiTokensPage">…</Page>;
}
