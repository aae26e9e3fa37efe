import { Select } from '@mantine/core';
import type { ReactNode } from 'react';
import { useAll } from '@/api/all';
import { useCan } from '@/api/session';

interface Props {
  description?: ReactNode;
  value: string;
  onChange: (id: string) => void;
  error?: ReactNode;
}

/** One of the identity providers, of which there are few. */
export function ProviderSelect({ description, value, onChange, error }: Props) {
  const can = useCan();
  const { data, error: failure } = useAll('/identity-providers');
  const none = data?.length === 0;
  const help = can('identity_providers.write') ? 'There is none yet. Add one under Settings.' : 'There is none yet.';
  return (
    <Select
      label="Identity provider"
      description={none ? help : description}
      required
      searchable={(data?.length ?? 0) > 10}
      allowDeselect={false}
      placeholder={none ? 'There is none yet' : 'Choose an identity provider'}
      data={(data ?? []).map((p) => ({ value: p.id, label: p.enabled ? p.name : `${p.name} (disabled)` }))}
      value={value || null}
      onChange={(id) => id && onChange(id)}
      error={error ?? (failure ? 'The identity providers could not be loaded.' : undefined)}
    />
  );
}
