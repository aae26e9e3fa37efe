import { ActionIcon, Fieldset, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { IconTrash } from '@tabler/icons-react';
import type { Schema } from '@/api/types';
import { useRowFocus } from '@/ui/focus';
import { addableKeys, fullKey, newRow, type Row } from './selectors';

interface Props {
  platform: Schema<'Platform'>;
  /** A form whose `selectors` are rows. */
  // biome-ignore lint/suspicious/noExplicitAny: any form with such a list
  form: UseFormReturnType<any, any>;
}

/** What the workload must prove: one row for each selector. */
export function SelectorRows({ platform, form }: Props) {
  const rows = form.getValues().selectors as Row[];
  const { list, removed } = useRowFocus<HTMLDivElement>();
  if (platform.selectors.length === 0) return null;
  return (
    <Fieldset legend="Platform selectors">
      <Stack gap="md" ref={list}>
        <Text fz="sm" c="dimmed">
          What identifies the workload at runtime. It must have all of them; rows left blank are not saved.
        </Text>
        {rows.map((row, index) => (
          <SelectorRow
            // biome-ignore lint/suspicious/noArrayIndexKey: the form knows a row by its place alone
            key={index}
            row={row}
            index={index}
            platform={platform}
            form={form}
            onRemove={() => {
              form.removeListItem('selectors', index);
              removed(index);
            }}
          />
        ))}
        {form.errors.selectors && (
          <Text fz="sm" c="var(--mantine-color-error)" role="alert">
            {form.errors.selectors}
          </Text>
        )}
        <Select
          label="Add a selector"
          data-add
          placeholder="Choose a key"
          data={addableKeys(platform, rows).map(({ key, label }) => ({ value: key, label: `${label} (${key})` }))}
          value={null}
          onChange={(key) => {
            const chosen = platform.selectors.find((s) => s.key === key);
            if (chosen) form.insertListItem('selectors', newRow(chosen));
          }}
          disabled={rows.length >= 64}
        />
      </Stack>
    </Fieldset>
  );
}

function SelectorRow({ row, index, platform, form, onRemove }: Props & { row: Row; index: number; onRemove: () => void }) {
  const at = `selectors.${index}`;
  const known = platform.selectors.find((s) => s.key === row.key);
  const pattern = known?.is_pattern ?? false;
  const value = form.getInputProps(`${at}.value`);
  const name = form.getInputProps(`${at}.name`);
  const keyError = form.errors[`${at}.key`];
  const valueError = [value.error, form.errors[at], pattern ? null : keyError].filter(Boolean).join(' ');
  return (
    <Group gap="xs" align="flex-start" data-row>
      {pattern && (
        <TextInput
          label={`${known?.label ?? 'Label'} name`}
          description="In place of <name>"
          maxLength={240}
          w={{ base: '100%', xs: 170 }}
          {...name}
          error={[name.error, keyError].filter(Boolean).join(' ') || null}
        />
      )}
      <TextInput
        label={fullKey(row)}
        description={known?.help}
        placeholder={known?.example}
        maxLength={1024}
        autoComplete="off"
        spellCheck={false}
        styles={{ label: { overflowWrap: 'anywhere' } }}
        style={{ flex: '1 1 180px', minWidth: 0 }}
        {...value}
        error={valueError || null}
      />
      <ActionIcon variant="subtle" color="gray" size="lg" mt={46} aria-label={`Remove selector ${index + 1}`} onClick={onRemove}>
        <IconTrash size={18} aria-hidden />
      </ActionIcon>
    </Group>
  );
}
