import { Page } from '@/ui/Page';

export function UserPage({ id }: { id: string }) {
  return <Page title="UserPage">{id}</Page>;
}
