import { CloseButton, Group, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { type ReactNode, useEffect, useState } from 'react';

/** The row of controls over a list. */
export function Filters({ children }: { children: ReactNode }) {
  return (
    <Group gap="sm" align="flex-end" role="search">
      {children}
    </Group>
  );
}

/** Text search; `onChange` comes once typing pauses. The value lives in the URL. */
export function Search({
  value,
  onChange,
  label = 'Search',
  placeholder,
}: {
  value: string | undefined;
  onChange: (q: string | undefined) => void;
  label?: string;
  placeholder?: string;
}) {
  const [text, setText] = useState(value ?? '');
  useEffect(() => setText(value ?? ''), [value]);
  const report = useDebouncedCallback((q: string) => onChange(q.trim() || undefined), 250);
  const set = (q: string) => {
    setText(q);
    report(q);
  };
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={text}
      maxLength={256}
      onChange={(e) => set(e.currentTarget.value)}
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={text && <CloseButton size="sm" aria-label="Clear search" onClick={() => set('')} />}
      style={{ flex: '1 1 220px', maxWidth: 380 }}
    />
  );
}

export interface Choice<Value extends string> {
  value: Value;
  label: string;
}

/** One of some values, or any. */
export function Filter<Value extends string>({
  label,
  value,
  choices,
  onChange,
}: {
  label: string;
  value: Value | undefined;
  choices: readonly Choice<Value>[];
  onChange: (value: Value | undefined) => void;
}) {
  return (
    <Select
      label={label}
      placeholder="Any"
      data={[...choices]}
      value={value ?? null}
      onChange={(v) => onChange((v as Value | null) ?? undefined)}
      clearable
      clearButtonProps={{ 'aria-label': `Clear ${label}` }}
      searchable={choices.length > 10}
      w={170}
    />
  );
}
