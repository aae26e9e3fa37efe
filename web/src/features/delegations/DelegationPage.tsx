import { Page } from '@/ui/Page';

export function DelegationPage({ id }: { id: string }) {
  return <Page title="DelegationPage">{id}</Page>;
}
