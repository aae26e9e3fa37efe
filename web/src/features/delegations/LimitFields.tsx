import { MultiSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useAll } from '@/api/all';
import { catalogueQuery } from '@/api/catalogue';
import { localOf } from '@/lib/local-time';
import { InstantInput } from '@/ui/InstantInput';

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
  const [opening] = useState(() => localOf(new Date().toISOString()));
  const known = useAll('/resources');
  const { data: catalogue } = useQuery(catalogueQuery);
  const uris = new Map(known.data?.map((r) => [r.uri, `${r.name} (${r.uri})`]));
  const byDefault = catalogue?.server.default_audience;
  if (byDefault !== undefined && !uris.has(byDefault)) uris.set(byDefault, `The server's default audience (${byDefault})`);
  for (const uri of resources) if (!uris.has(uri)) uris.set(uri, uri);
  return (
    <>
      <InstantInput
        label="End date"
        description="After it the agent gets no more tokens. Open-ended if empty."
        placeholder="No end"
        value={ends_at}
        onChange={(value) => onChange({ ends_at: value })}
        min={opening}
        error={errors.ends_at}
        w={240}
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
        error={errors.resources ?? (known.error ? 'The MCP servers and APIs could not be loaded.' : undefined)}
      />
    </>
  );
}
