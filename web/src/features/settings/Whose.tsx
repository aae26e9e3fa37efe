import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { $api } from '@/api/client';
import { useList } from '@/api/list';

const labelOf = (user: { name: string; email: string }) => (user.name ? `${user.name} (${user.email})` : user.email);

/** The user whose tokens are shown; none are the reader's own. The server searches, for there may be many users. */
export function Whose({ userId, onChange }: { userId: string | undefined; onChange: (userId: string | undefined) => void }) {
  const [text, setText] = useState('');
  const [typed] = useDebouncedValue(text.trim(), 250);
  const { data: chosen } = $api.useQuery(
    'get',
    '/users/{id}',
    { params: { path: { id: userId ?? '' } } },
    { enabled: userId !== undefined },
  );
  const shown = userId && chosen ? labelOf(chosen) : undefined;
  // Choosing puts the label into the search field; that is no search.
  const users = useList('/users', typed && typed !== shown ? { q: typed } : {});
  const options = users.items.map((u) => ({ value: u.id, label: labelOf(u) }));
  if (userId && !options.some((o) => o.value === userId)) options.push({ value: userId, label: shown ?? userId });
  return (
    <Select
      label="Whose"
      placeholder="Yours"
      data={options}
      value={userId ?? null}
      onChange={(v) => onChange(v ?? undefined)}
      searchable
      searchValue={text}
      onSearchChange={setText}
      filter={({ options }) => options}
      nothingFoundMessage="No user matches."
      error={users.failure ? 'The users could not be loaded.' : undefined}
      clearable
      clearButtonProps={{ 'aria-label': 'Clear Whose' }}
      style={{ flex: '1 1 220px', maxWidth: 320 }}
    />
  );
}
