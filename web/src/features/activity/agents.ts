import { useList } from '@/api/list';

/** Names by client ID for the first 200 agents; others stay an ID. */
export function useAgentNames(): (clientId: string) => string {
  const { items } = useList('/agents', { limit: 200 });
  const names = new Map(items.map((agent) => [agent.client_id, agent.name]));
  return (clientId) => names.get(clientId) ?? clientId;
}
