import '@mantine/dates/styles.css';
import { MultiSelect } from '@mantine/core';
import { DateTimePicker } from '@mantine/dates';
import type { ReactNode } from 'react';
import { useList } from '@/api/list';

interface Limits {
  /** Local time, `YYYY-MM-DD HH:mm:ss`; null: open-ended. */
  ends_at: string | null;
  resources: string[];
}

interface Props extends Limits {
  onChange: (change: Partial<Limits>) => void;
  errors: { ends_at?: ReactNode; resources?: ReactNode };
}

/** When a delegation ends and where its tokens are good. */
export function LimitFields({ ends_at, resources, onChange, errors }: Props) {
  const known = useList('/resources', { limit: 200 });
  const uris = new Map(known.items.map((r) => [r.uri, `${r.name} (${r.uri})`]));
  for (const uri of resources) if (!uris.has(uri)) uris.set(uri, uri);
  return (
    <>
      <DateTimePicker
        label="End date"
        description="After it the agent gets no more tokens. Open-ended if empty."
        value={ends_at}
        onChange={(value) => onChange({ ends_at: value })}
        minDate={new Date()}
        clearable
        clearButtonProps={{ 'aria-label': 'Clear end date' }}
        error={errors.ends_at}
        maw={420}
      />
      <MultiSelect
        label="Audiences"
        description="The APIs whose tokens it may get. The server's default audience if empty."
        data={[...uris].map(([value, label]) => ({ value, label }))}
        value={resources}
        onChange={(value) => onChange({ resources: value })}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': 'Clear audiences' }}
        nothingFoundMessage="No MCP server or API is registered by that name."
        error={errors.resources}
      />
    </>
  );
}

/** The instant as the API wants it; null stays null. */
export const toInstant = (local: string | null): string | null => (local === null ? null : new Date(local.replace(' ', 'T')).toISOString());

/** The instant as the picker wants it. */
export function toLocal(instant: string | null): string | null {
  if (instant === null) return null;
  const t = new Date(instant);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
}
