import { Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { client } from '@/api/client';
import type { Schema } from '@/api/types';
import { FormButtons } from '@/ui/FormButtons';
import { FormProblem } from '@/ui/FormProblem';
import { focusFirstError, useSave } from '@/ui/forms';

interface Props {
  /** Whether it is the one that is seen, and so takes the focus. */
  shown: boolean;
  onCancel: () => void;
  onMade: (server: Schema<'ResourceWithSecret'>) => Promise<void>;
}

/** An MCP server, or any API that accepts tokens. */
export function OnboardServerForm({ shown, onCancel, onMade }: Props) {
  const form = useForm({
    mode: 'controlled',
    initialValues: { name: '', uri: '' },
    validate: {
      name: (v) => (v.trim() ? null : 'Enter a name.'),
      uri: (v) => (v.trim() ? null : 'Enter its URI.'),
    },
  });
  const { submit, saving, problem } = useSave(async (v: { name: string; uri: string }) => {
    const { data, error } = await client.POST('/resources', { body: { name: v.name.trim(), uri: v.uri.trim() } });
    if (error) throw error;
    await onMade(data);
  }, form);
  return (
    <form onSubmit={form.onSubmit(submit, focusFirstError)} noValidate>
      <Stack gap="md">
        <TextInput
          label="MCP Server Name"
          placeholder="Billing API"
          required
          maxLength={256}
          data-autofocus={shown || undefined}
          {...form.getInputProps('name')}
        />
        <TextInput
          label="Resource URI"
          description="The audience of its tokens. It cannot be changed later."
          placeholder="https://api.example.com/billing"
          required
          maxLength={2048}
          autoComplete="off"
          {...form.getInputProps('uri')}
        />
        <FormProblem problem={problem} />
        <FormButtons submit="+ Onboard" saving={saving} onCancel={onCancel} />
      </Stack>
    </form>
  );
}
