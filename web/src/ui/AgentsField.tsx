import { MultiSelect } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { type ReactNode, useState } from 'react';
import { useList } from '@/api/list';
import type { Schema } from '@/api/types';

type Ref = Pick<Schema<'AgentRef'>, 'client_id' | 'name'>;

interface Props {
  value: readonly Ref[];
  onChange: (agents: Ref[]) => void;
  /** Who hands on: nobody hands on to themselves. */
  own: string | undefined;
  /** What can be chosen, when it is not all agents. */
  among?: readonly Ref[] | undefined;
  error?: ReactNode;
}

/** Sub-agents: to whom an agent may hand its tokens on. The server searches. */
export function AgentsField({ value, onChange, own, among, error }: Props) {
  const [text, setText] = useState('');
  const [asked] = useDebouncedValue(text.trim().slice(0, 256), 200);
  const found = useList('/agents', { limit: 50, ...(asked ? { q: asked } : {}) }, { enabled: among === undefined });
  const names = new Map<string, string>();
  for (const { client_id, name } of [...value, ...(among ?? found.items)]) if (client_id !== own) names.set(client_id, name);
  return (
    <MultiSelect
      label="Sub-agents"
      description="To these the agent may hand its tokens on: each gets, for itself, at most what the token allows and no longer than it lasts, and may hand on again among these, three agents deep at most. Nobody if empty."
      placeholder={value.length === 0 ? 'Nobody' : ''}
      data={[...names].map(([client_id, name]) => ({ value: client_id, label: name }))}
      value={value.map((a) => a.client_id)}
      onChange={(ids) => onChange(ids.map((client_id) => ({ client_id, name: names.get(client_id) ?? client_id })))}
      searchable
      searchValue={text}
      onSearchChange={setText}
      {...(among ? {} : { filter: ({ options }) => options })}
      clearable
      clearButtonProps={{ 'aria-label': 'Clear sub-agents' }}
      maxValues={50}
      nothingFoundMessage={found.loading ? 'Searching…' : 'No agent matches.'}
      maxDropdownHeight={280}
      error={error ?? (found.failure ? 'The agents could not be loaded. Type to ask again.' : undefined)}
    />
  );
}
