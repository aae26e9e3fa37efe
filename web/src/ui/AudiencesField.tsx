import { MultiSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useAll } from '@/api/all';
import { catalogueQuery } from '@/api/catalogue';

interface Props {
  value: string[];
  onChange: (uris: string[]) => void;
  error?: ReactNode;
}

/** Where tokens are good. */
export function AudiencesField({ value, onChange, error }: Props) {
  const known = useAll('/resources');
  const { data: catalogue } = useQuery(catalogueQuery);
  const uris = new Map(known.data?.map((r) => [r.uri, `${r.name} (${r.uri})`]));
  const byDefault = catalogue?.server.default_audience;
  if (byDefault !== undefined && !uris.has(byDefault)) uris.set(byDefault, `The server's default audience (${byDefault})`);
  for (const uri of value) if (!uris.has(uri)) uris.set(uri, uri);
  return (
    <MultiSelect
      label="Audiences"
      description="The APIs whose tokens it may get. The server's default audience if empty."
      data={[...uris].map(([uri, label]) => ({ value: uri, label }))}
      value={value}
      onChange={onChange}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': 'Clear audiences' }}
      nothingFoundMessage="No MCP server or API is registered by that name."
      error={error ?? (known.error ? 'The MCP servers and APIs could not be loaded.' : undefined)}
    />
  );
}
