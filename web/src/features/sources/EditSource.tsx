import { TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import type { Catalogue } from '@/api/types';
import { FormDialog } from '@/ui/FormDialog';
import { focusFirstError, useSave } from '@/ui/forms';
import type { Source } from './kinds';
import { SourceFields } from './SourceFields';
import { renamed, settingsOf, type Values, valuesOf } from './values';

interface Props {
  source: Source;
  catalogue: Catalogue;
  onClose: () => void;
}

export function EditSource({ source, catalogue, onClose }: Props) {
  const changed = useChanged();
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: valuesOf(source, catalogue.server.public_url),
    validate: { name: (v) => (v.trim() ? null : 'Enter a name.') },
  });
  const { submit, ...saving } = useSave(
    async (v: Values) => {
      const name = v.name.trim();
      const body = { ...(name === source.name ? {} : { name }), ...(form.isDirty(v.kind) ? settingsOf(v) : {}) };
      if (Object.keys(body).length > 0) {
        const { error } = await client.PATCH('/workload-sources/{id}', { params: { path: { id: source.id } }, body });
        if (error) throw error;
      }
      onClose();
      await changed();
    },
    form,
    renamed,
  );
  return (
    <FormDialog
      title={`Edit ${source.name}`}
      size="lg"
      onClose={onClose}
      onSubmit={form.onSubmit(submit, focusFirstError)}
      saving={saving}
      submit="Save"
    >
      <TextInput label="Name" required maxLength={256} data-autofocus {...form.getInputProps('name')} />
      <SourceFields form={form} catalogue={catalogue} />
    </FormDialog>
  );
}
