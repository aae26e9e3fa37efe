import { Page } from '@/ui/Page';

export interface ClientsSearch {
  [key: string]: unknown;
}

export function ClientsPage(_: { search: ClientsSearch; setSearch: (change: Partial<ClientsSearch>) => void }) {
  return <Page title="ClientsPage">…</Page>;
}
