import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { FormProblem } from '@/ui/FormProblem';
import { focusFirstError, useSave } from '@/ui/forms';
import { Section } from '@/ui/states';

export function NameForm({ name }: { name: string }) {
  const changed = useChanged();
  const form = useForm({
    mode: 'controlled',
    initialValues: { name },
    validate: { name: (v) => (v.trim() ? null : 'Enter your name.') },
  });
  const { submit, saving, problem } = useSave(async (v: { name: string }) => {
    const { data, error } = await client.PATCH('/me', { body: { name: v.name.trim() } });
    if (error) throw error;
    form.setValues({ name: data.user.name });
    form.resetDirty({ name: data.user.name });
    notifications.show({ color: 'teal', message: 'Your name is changed.' });
    await changed();
  }, form);
  return (
    <Section title="Change name">
      <form onSubmit={form.onSubmit(submit, focusFirstError)} noValidate>
        <Stack gap="md" maw={420}>
          <TextInput
            label="Name"
            description="Shown on your delegations and in the audit log."
            autoComplete="name"
            required
            maxLength={256}
            {...form.getInputProps('name')}
          />
          <FormProblem problem={problem} />
          <Group>
            <Button type="submit" loading={saving} disabled={!form.isDirty()}>
              Save name
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
