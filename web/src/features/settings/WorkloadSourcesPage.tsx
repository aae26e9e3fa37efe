import { Page } from '@/ui/Page';

export function WorkloadSourcesPage() {
  return <Page title="WorkloadSourcesPage">…</Page>;
}
