import { Group, TagsInput, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useAll } from '@/api/all';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { Sensitive } from './badges';
import { FormDialog } from './FormDialog';
import { focusFirstError, useSave } from './forms';

interface Props {
  onClose: () => void;
  onCreated?: (name: string) => void;
}

interface Values {
  name: string;
  description: string;
  actions: string[];
}

/** Creates an action that is not there yet. */
async function createAction(name: string) {
  const { error } = await client.POST('/actions', { body: { name } });
  // 409: it is there, which is all that is wanted.
  if (!error || error.status === 409) return;
  const errors = error.errors?.map((e) => ({ ...e, field: '/actions', message: `${name}: ${e.message}` }));
  throw { ...error, ...(errors ? { errors } : {}) };
}

/** A role; actions that do not exist yet come about with it. */
export function CreateRole({ onClose, onCreated }: Props) {
  const all = useAll('/actions');
  const known = new Map(all.data?.map((a) => [a.name, a]));
  const changed = useChanged();
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: { name: '', description: '', actions: [] },
    validate: {
      name: (v) => (v.trim() ? null : 'Enter a name.'),
      actions: (v) => (v.length > 0 ? null : 'Choose at least one action.'),
    },
  });
  const { submit, ...saving } = useSave(async (v: Values) => {
    for (const name of v.actions.filter((a) => !known.has(a))) await createAction(name);
    const { data, error } = await client.POST('/roles', {
      body: { name: v.name.trim(), description: v.description.trim(), actions: v.actions },
    });
    if (error) throw error;
    await changed();
    onCreated?.(data.name);
    onClose();
  }, form);
  return (
    <FormDialog
      title="Create a role"
      onClose={onClose}
      onSubmit={form.onSubmit(submit, focusFirstError)}
      saving={saving}
      submit="Create role"
      size="lg"
    >
      <TextInput
        label="Role name"
        description="It cannot be changed later."
        placeholder="customer-support"
        required
        maxLength={64}
        autoComplete="off"
        data-autofocus
        {...form.getInputProps('name')}
      />
      <Textarea
        label="Description"
        placeholder="Front-line support"
        autosize
        minRows={1}
        maxLength={1024}
        {...form.getInputProps('description')}
      />
      <TagsInput
        label="Actions"
        description="Such as billing:read. Press Enter after each; new ones are created."
        required
        data={[...known.keys()]}
        limit={100}
        maxTags={500}
        acceptValueOnBlur
        renderOption={({ option }) => (
          <Group gap="xs" style={{ overflowWrap: 'anywhere' }}>
            <span>{option.value}</span>
            {known.get(option.value)?.sensitive && <Sensitive />}
            <Text span fz="xs" c="dimmed">
              {known.get(option.value)?.description}
            </Text>
          </Group>
        )}
        {...form.getInputProps('actions')}
        error={form.errors.actions ?? (all.error ? 'The known actions could not be loaded; you can type their names.' : undefined)}
      />
    </FormDialog>
  );
}
