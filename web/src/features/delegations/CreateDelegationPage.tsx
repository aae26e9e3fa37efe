import { Page } from '@/ui/Page';

export interface CreateDelegationSearch {
  [key: string]: unknown;
}

export function CreateDelegationPage(_: { search: CreateDelegationSearch; setSearch: (change: Partial<CreateDelegationSearch>) => void }) {
  return <Page title="CreateDelegationPage">…</Page>;
}
