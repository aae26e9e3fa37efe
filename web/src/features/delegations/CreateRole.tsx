import { Modal, Stack, TagsInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { useList } from '@/api/list';
import { FormButtons } from '@/ui/FormButtons';
import { FormProblem } from '@/ui/FormProblem';
import { focusFirstError, useSave } from '@/ui/forms';
import { checkActions, errorUnder } from './fields';

interface Props {
  onClose: () => void;
  onCreated: (name: string) => void;
}

/** A role on the spot; actions that do not exist yet come about with it. */
export function CreateRole({ onClose, onCreated }: Props) {
  const known = useList('/actions', { limit: 200 });
  const changed = useChanged();
  const form = useForm({
    mode: 'controlled',
    initialValues: { name: '', actions: [] as string[] },
    validate: { name: (v) => (v.trim() ? null : 'Enter a name.'), actions: checkActions },
  });
  const { submit, saving, problem } = useSave(async ({ name, actions }: { name: string; actions: string[] }) => {
    for (const action of actions.filter((a) => !known.items.some((k) => k.name === a))) {
      const { error } = await client.POST('/actions', { body: { name: action } });
      // 409: it exists already, which is all that is wanted.
      if (error && error.status !== 409) {
        const errors = error.errors?.map((e) => ({ ...e, field: '/actions', message: `${action}: ${e.message}` }));
        throw { ...error, ...(errors ? { errors } : {}) };
      }
    }
    const { data, error } = await client.POST('/roles', { body: { name: name.trim(), actions } });
    if (error) throw error;
    await changed();
    onCreated(data.name);
    onClose();
  }, form);
  return (
    <Modal opened onClose={onClose} title="Create a role" closeOnClickOutside={false} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.onSubmit(submit, focusFirstError)} noValidate>
        <Stack gap="md">
          <TextInput
            label="Role name"
            placeholder="customer-support"
            required
            maxLength={64}
            data-autofocus
            {...form.getInputProps('name')}
          />
          <TagsInput
            label="Actions"
            description="Such as billing:read. Press Enter after each; new ones are created."
            required
            data={known.items.map((a) => a.name)}
            {...form.getInputProps('actions')}
            error={errorUnder(form.errors, 'actions')}
            acceptValueOnBlur
          />
          <FormProblem problem={problem} />
          <FormButtons submit="Create role" saving={saving} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
