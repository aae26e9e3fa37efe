import { Page } from '@/ui/Page';

export function AgentPage({ clientId }: { clientId: string }) {
  return <Page title="AgentPage">{clientId}</Page>;
}
