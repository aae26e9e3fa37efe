import { TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import type { Schema } from '@/api/types';
import { FormDialog } from '@/ui/FormDialog';
import { focusFirstError, useSave } from '@/ui/forms';
import { ProviderSelect } from '@/ui/ProviderSelect';

/** Says that somebody at an identity provider is this user. */
export function LinkIdentity({ user, onClose }: { user: Schema<'User'>; onClose: () => void }) {
  const changed = useChanged();
  const form = useForm<Schema<'IdentityLinkCreate'>>({
    mode: 'controlled',
    initialValues: { identity_provider_id: '', subject: '' },
    validate: {
      identity_provider_id: (v) => (v ? null : 'Choose an identity provider.'),
      subject: (v) => (v.trim() ? null : 'Enter the “sub” of their tokens.'),
    },
  });
  const { submit, ...saving } = useSave(async ({ identity_provider_id, subject }: Schema<'IdentityLinkCreate'>) => {
    const { error } = await client.POST('/users/{id}/identities', {
      params: { path: { id: user.id } },
      body: { identity_provider_id, subject: subject.trim() },
    });
    if (error) throw error;
    onClose();
    await changed();
  }, form);
  return (
    <FormDialog
      title={`Link an identity to ${user.name || user.email}`}
      onClose={onClose}
      onSubmit={form.onSubmit(submit, focusFirstError)}
      saving={saving}
      submit="Link"
    >
      <ProviderSelect
        value={form.getValues().identity_provider_id}
        onChange={(id) => form.setFieldValue('identity_provider_id', id)}
        error={form.errors.identity_provider_id}
      />
      <TextInput
        label="Subject"
        description="The “sub” of the person's tokens there, exactly. An email is none: it can pass to somebody else."
        placeholder="00u1a2b3c4"
        required
        maxLength={255}
        autoComplete="off"
        {...form.getInputProps('subject')}
      />
    </FormDialog>
  );
}
