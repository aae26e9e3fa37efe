import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { type ReactNode, useState } from 'react';
import { useList } from '@/api/list';
import { useCan } from '@/api/session';
import type { Agent } from '@/api/types';

interface Props {
  /** Only agents of this type are offered; without one, all. */
  type?: string;
  value: Agent | undefined;
  onChange: (agent: Agent | undefined) => void;
  error: ReactNode;
}

/** The server searches, since there may be thousands. */
export function AgentSelect({ type, value, onChange, error }: Props) {
  const [text, setText] = useState(value?.name ?? '');
  const [asked] = useDebouncedValue(text.trim(), 200);
  const q = asked === value?.name ? '' : asked;
  const can = useCan();
  // A suspended agent can be lent nothing.
  const agents = useList('/agents', { ...(type ? { type } : {}), status: 'active', limit: 50, ...(q ? { q } : {}) });
  const offered = agents.items.filter((a) => type === undefined || a.type === type);
  const all = value && !offered.some((a) => a.client_id === value.client_id) ? [value, ...offered] : offered;
  return (
    <Select
      label="Client / Application"
      allowDeselect={false}
      placeholder="Search by name or Client ID"
      required
      searchable
      openOnFocus={false}
      data={all.map((a) => ({ value: a.client_id, label: a.name }))}
      filter={({ options }) => options}
      searchValue={text}
      onSearchChange={setText}
      value={value?.client_id ?? null}
      onChange={(id) => onChange(all.find((a) => a.client_id === id))}
      error={error ?? (agents.failure ? 'The agents could not be loaded. Type to ask again.' : undefined)}
      nothingFoundMessage={
        agents.loading
          ? 'Searching…'
          : `No active agent${type ? ' of this type' : ''} matches. ${can('agents.write') ? 'Onboard it first.' : 'An administrator onboards agents.'}`
      }
      maxDropdownHeight={280}
    />
  );
}
