import { Modal, Stack, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { ActionsPicker } from '@/ui/ActionsPicker';
import { FormButtons } from '@/ui/FormButtons';
import { FormProblem } from '@/ui/FormProblem';
import { focusFirstError, useSave } from '@/ui/forms';
import { FailureAlert, Loading } from '@/ui/states';
import { useAllActions } from './all-actions';

interface Values {
  name: string;
  description: string;
  actions: string[];
}

export function CreateRole({ onClose }: { onClose: () => void }) {
  const changed = useChanged();
  const all = useAllActions();
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: { name: '', description: '', actions: [] },
    validate: { name: (v) => (v.trim() ? null : 'Enter a name.') },
  });
  const { submit, saving, problem } = useSave(async (v: Values) => {
    const { error } = await client.POST('/roles', {
      body: { name: v.name.trim(), description: v.description.trim(), actions: v.actions },
    });
    if (error) throw error;
    onClose();
    await changed();
  }, form);
  return (
    <Modal opened onClose={onClose} title="Create role" size="lg" closeOnClickOutside={false} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.onSubmit(submit, focusFirstError)} noValidate>
        <Stack gap="md">
          <TextInput
            label="Name"
            description="It cannot be changed later."
            placeholder="customer-support"
            required
            autoComplete="off"
            data-autofocus
            {...form.getInputProps('name')}
          />
          <Textarea label="Description" placeholder="Front-line support" autosize minRows={2} {...form.getInputProps('description')} />
          {!all.data && !all.error && <Loading />}
          <FailureAlert failure={all.data ? null : all.error} retry={() => void all.refetch()} title="The actions could not be loaded" />
          {all.data && (
            <ActionsPicker
              label="Actions"
              actions={all.data}
              value={form.getValues().actions}
              onChange={(names) => form.setFieldValue('actions', names)}
              error={form.errors.actions}
            />
          )}
          <FormProblem problem={problem} />
          <FormButtons submit="Create role" saving={saving} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
