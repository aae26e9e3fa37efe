import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { $api } from '@/api/client';
import { useList } from '@/api/list';

/** What a search finds, and the chosen one even when it is not among them, whose own name is no search. */
function useAgentChoices(typed: string, chosen: string | undefined): { value: string; label: string }[] {
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

/** One agent, or any; the server searches. */
export function AgentFilter({ value, onChange }: { value: string | undefined; onChange: (agent: string | undefined) => void }) {
  const [text, setText] = useState('');
  const [asked] = useDebouncedValue(text.trim().slice(0, 256), 250);
  const choices = useAgentChoices(asked, value);
  return (
    <Select
      label="Agent"
      placeholder="Any"
      data={choices}
      value={value ?? null}
      onChange={(agent) => onChange(agent ?? undefined)}
      searchable
      onSearchChange={setText}
      // The server has searched.
      filter={({ options }) => options}
      nothingFoundMessage="No agent matches"
      clearable
      clearButtonProps={{ 'aria-label': 'Clear Agent' }}
      w={200}
    />
  );
}
