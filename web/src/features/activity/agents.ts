import { $api } from '@/api/client';
import { useList } from '@/api/list';

/** Names by client ID for the first 200 agents; others stay an ID. */
export function useAgentNames(): (clientId: string) => string {
  const { items } = useList('/agents', { limit: 200 });
  const names = new Map(items.map((agent) => [agent.client_id, agent.name]));
  return (clientId) => names.get(clientId) ?? clientId;
}

/** What a search finds, and the chosen one even when it is not among them, whose own name is no search. */
export function useAgentChoices(typed: string, chosen: string | undefined): { value: string; label: string }[] {
  const one = $api.useQuery(
    'get',
    '/agents/{client_id}',
    { params: { path: { client_id: chosen ?? '' } } },
    { enabled: chosen !== undefined, retry: false },
  );
  // A deleted agent has a history still.
  const name = chosen && (one.data?.name ?? chosen);
  const q = typed === name?.trim() ? '' : typed;
  const { items } = useList('/agents', q ? { q, limit: 20 } : { limit: 20 });
  const choices = items.map((agent) => ({ value: agent.client_id, label: agent.name }));
  if (!chosen || !name || choices.some((choice) => choice.value === chosen)) return choices;
  return [{ value: chosen, label: name }, ...choices];
}
