import { Modal, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { client } from '@/api/client';
import { instantOf, localOf } from '@/lib/local-time';
import { FormButtons } from '@/ui/FormButtons';
import { FormProblem } from '@/ui/FormProblem';
import { focusFirstError, useSave } from '@/ui/forms';
import { InstantInput } from '@/ui/InstantInput';
import { expiryError } from './expiry';

interface Props {
  opened: boolean;
  onClose: () => void;
  /** With the token, which the server shows this once. */
  onMade: (token: string) => void;
}

export function CreateApiToken({ opened, onClose, onMade }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Create API token"
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <CreateForm onCancel={onClose} onMade={onMade} />
    </Modal>
  );
}

interface Values {
  name: string;
  expires_at: string | null;
}

function CreateForm({ onCancel, onMade }: { onCancel: () => void; onMade: (token: string) => void }) {
  const [opening] = useState(() => localOf(new Date().toISOString()));
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: { name: '', expires_at: null },
    validate: {
      name: (v) => (v.trim() ? null : 'Enter a name.'),
      expires_at: (v) => expiryError(v, new Date()),
    },
  });
  const { submit, saving, problem } = useSave(async (v: Values) => {
    const expires_at = instantOf(v.expires_at);
    const { data, error } = await client.POST('/api-tokens', { body: { name: v.name.trim(), ...(expires_at ? { expires_at } : {}) } });
    if (error) throw error;
    onMade(data.token);
  }, form);
  return (
    <form onSubmit={form.onSubmit(submit, focusFirstError)} noValidate>
      <Stack gap="md">
        <TextInput
          label="Name"
          description="What will use it."
          placeholder="Terraform"
          required
          maxLength={256}
          autoComplete="off"
          data-autofocus
          {...form.getInputProps('name')}
        />
        <InstantInput
          label="Expires"
          description="Without a time it works until it is ended."
          placeholder="Never"
          min={opening}
          {...form.getInputProps('expires_at')}
        />
        <FormProblem problem={problem} />
        <FormButtons submit="Create API token" saving={saving} onCancel={onCancel} />
      </Stack>
    </form>
  );
}
