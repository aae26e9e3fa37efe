import { Page } from '@/ui/Page';

export function RolePage({ name }: { name: string }) {
  return <Page title="RolePage">{name}</Page>;
}
