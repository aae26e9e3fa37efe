import { ActionIcon, Alert, Button, Fieldset, Group, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { IconAlertTriangle, IconPlus, IconTrash } from '@tabler/icons-react';
import { useRowFocus } from '@/ui/focus';
import { warnOf } from './lend';
import type { TermValues } from './values';

interface Props {
  // biome-ignore lint/suspicious/noExplicitAny: any form that has TermValues
  form: UseFormReturnType<any>;
  /** The provider's name, once it is chosen. */
  provider: string | undefined;
}

/** Whom the rule is for: claims of their token, and the values these may have. */
export function ConditionRows({ form, provider }: Props) {
  const { conditions } = form.getValues() as TermValues;
  const { list, removed } = useRowFocus<HTMLDivElement>();
  const warning = warnOf(conditions, provider);
  const error = form.errors.conditions;
  return (
    <Fieldset legend="Conditions">
      <Stack gap="sm" ref={list}>
        <Text fz="sm" c="dimmed">
          Of the person's token, all of them. A claim meets its condition when it has one of the values, or is a list that holds one.
        </Text>
        {conditions.map(({ values }, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place
          <Group key={i} data-row gap="xs" align="flex-start" wrap="wrap">
            <TextInput
              label={`Claim ${i + 1}`}
              placeholder="groups"
              description="A name, or a JSON Pointer"
              required
              maxLength={256}
              style={{ flex: '1 1 10rem' }}
              {...form.getInputProps(`conditions.${i}.claim`)}
            />
            <TagsInput
              label={`Values ${i + 1}`}
              placeholder={values.length === 0 ? 'support' : ''}
              description="Press Enter after each; * is any"
              required
              maxTags={100}
              maxLength={2048}
              acceptValueOnBlur
              splitChars={[]}
              isDuplicate={(value, others) => others.includes(value)}
              style={{ flex: '2 1 14rem' }}
              {...form.getInputProps(`conditions.${i}.values`)}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              mt={46}
              disabled={conditions.length === 1}
              aria-label={`Remove condition ${i + 1}`}
              onClick={() => {
                form.removeListItem('conditions', i);
                removed(i);
              }}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        ))}
        {error && (
          <Text c="var(--mantine-color-error)" fz="sm" role="alert">
            {error}
          </Text>
        )}
        <Group>
          <Button
            data-add
            variant="default"
            size="compact-sm"
            leftSection={<IconPlus size={14} aria-hidden />}
            disabled={conditions.length >= 16}
            onClick={() => form.insertListItem('conditions', { claim: '', values: [] })}
          >
            Add condition
          </Button>
        </Group>
        <div role="status">
          {warning && (
            <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />} c="var(--mantine-color-text)" title="This is for everybody">
              {warning}
            </Alert>
          )}
        </div>
      </Stack>
    </Fieldset>
  );
}
