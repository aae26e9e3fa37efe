import { Checkbox, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import type { Schema } from '@/api/types';
import { FormDialog } from '@/ui/FormDialog';
import { focusFirstError, useSave } from '@/ui/forms';

interface Props {
  /** The action to edit; absent to create one. */
  action?: Schema<'Action'> | undefined;
  onClose: () => void;
}

async function save(action: Props['action'], v: { name: string; description: string; sensitive: boolean }) {
  const body = { description: v.description.trim(), sensitive: v.sensitive };
  const { error } = action
    ? await client.PUT('/actions/{name}', { params: { path: { name: action.name } }, body })
    : await client.POST('/actions', { body: { name: v.name.trim(), ...body } });
  if (error) throw error;
}

/** Mounted while it is open, so that it starts from what the action is now. */
export function ActionForm({ action, onClose }: Props) {
  const changed = useChanged();
  const form = useForm({
    mode: 'controlled',
    initialValues: { name: action?.name ?? '', description: action?.description ?? '', sensitive: action?.sensitive ?? false },
    validate: { name: (v) => (v.trim() ? null : 'Enter a name.') },
  });
  const { submit, ...saving } = useSave(async (v: { name: string; description: string; sensitive: boolean }) => {
    await save(action, v);
    onClose();
    await changed();
  }, form);
  return (
    <FormDialog
      title={action ? 'Edit action' : 'Create action'}
      onClose={onClose}
      onSubmit={form.onSubmit(submit, focusFirstError)}
      saving={saving}
      submit={action ? 'Save' : 'Create action'}
    >
      <TextInput
        label="Name"
        description={
          action ? 'A name stays: roles and tokens carry it.' : 'As resource:verb, such as billing:read. It cannot be changed later.'
        }
        placeholder="billing:read"
        required
        readOnly={action !== undefined}
        maxLength={128}
        autoComplete="off"
        {...(action ? {} : { 'data-autofocus': true })}
        {...form.getInputProps('name')}
      />
      <Textarea
        label="Description"
        placeholder="Read billing details"
        autosize
        minRows={2}
        maxLength={1024}
        {...(action ? { 'data-autofocus': true } : {})}
        {...form.getInputProps('description')}
      />
      <Checkbox
        label="Sensitive"
        description="Marked wherever it is offered, so that it is not lent by accident."
        {...form.getInputProps('sensitive', { type: 'checkbox' })}
      />
    </FormDialog>
  );
}
