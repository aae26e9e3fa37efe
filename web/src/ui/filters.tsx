import { CloseButton, Group, Input, Pill, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';

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
  const reported = useRef(value);
  const report = useDebouncedCallback((q: string) => {
    reported.current = q.trim() || undefined;
    onChange(reported.current);
  }, 250);
  // Back, a link or another control changed it. What comes back of the typing itself is left out: more may have been typed since.
  useEffect(() => {
    if (value === reported.current) return;
    reported.current = value;
    report.cancel();
    setText(value ?? '');
  }, [value, report]);
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

/** A filter that a link has set, and that can only be taken away. */
export function Fixed({ label, text, onClear }: { label: string; text: string; onClear: () => void }) {
  return (
    <Input.Wrapper label={label} labelElement="div">
      <Group h={36}>
        <Pill
          size="lg"
          withRemoveButton
          onRemove={onClear}
          removeButtonProps={{ 'aria-label': `Clear ${label}`, tabIndex: 0, 'aria-hidden': false }}
          maw={260}
          title={text}
        >
          {text}
        </Pill>
      </Group>
    </Input.Wrapper>
  );
}
