import { Page } from '@/ui/Page';

export function ServerPage({ id }: { id: string }) {
  return <Page title="ServerPage">{id}</Page>;
}
