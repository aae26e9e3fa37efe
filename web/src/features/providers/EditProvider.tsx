import { useForm } from '@mantine/form';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { FormDialog } from '@/ui/FormDialog';
import { focusFirstError, useSave } from '@/ui/forms';
import { ProviderFields } from './ProviderFields';
import { changesOf, type Provider, type Values, valuesOf } from './values';

export function EditProvider({ provider, onClose }: { provider: Provider; onClose: () => void }) {
  const changed = useChanged();
  // As it was when the form opened: the page may get a newer one meanwhile.
  const [start] = useState(() => valuesOf(provider));
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: start,
    validate: { name: (v) => (v.trim() ? null : 'Enter a name.') },
  });
  const { submit, ...saving } = useSave(async (v: Values) => {
    const body = changesOf(start, v);
    if (body) {
      const { error } = await client.PATCH('/identity-providers/{id}', { params: { path: { id: provider.id } }, body });
      if (error) throw error;
    }
    onClose();
    await changed();
  }, form);
  return (
    <FormDialog
      title={`Edit ${provider.name}`}
      size="lg"
      onClose={onClose}
      onSubmit={form.onSubmit(submit, focusFirstError)}
      saving={saving}
      submit="Save"
    >
      <ProviderFields form={form} redirectUri={provider.redirect_uri} issuerFixed />
    </FormDialog>
  );
}
