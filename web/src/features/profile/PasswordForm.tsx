import { Button, Group, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { FormProblem } from '@/ui/FormProblem';
import { focusFirstError, useSave } from '@/ui/forms';
import { PasswordField } from '@/ui/PasswordField';
import { Section } from '@/ui/states';
import { noPasswords, type PasswordValues, passwordRules } from './password';

export function PasswordForm({ email }: { email: string }) {
  const changed = useChanged();
  const form = useForm<PasswordValues>({ mode: 'controlled', initialValues: noPasswords, validate: passwordRules });
  const { submit, saving, problem } = useSave(async ({ current_password, new_password }: PasswordValues) => {
    const { error } = await client.POST('/me/password', { body: { current_password, new_password } });
    if (error) throw error;
    form.reset();
    notifications.show({
      color: 'teal',
      title: 'Your password is changed',
      message: 'Your other sessions have ended.',
    });
    // This session goes on under a new cookie.
    await changed();
  }, form);
  return (
    <Section title="Change password">
      <form onSubmit={form.onSubmit(submit, focusFirstError)} noValidate>
        <Stack gap="md" maw={420}>
          <Text fz="sm">Your sessions in other browsers end when you change it. This one goes on.</Text>
          {/* Tells password managers whose password it is. */}
          <input type="text" autoComplete="username" value={email} readOnly hidden />
          <PasswordField
            label="Current password"
            autoComplete="current-password"
            required
            what="current password"
            {...form.getInputProps('current_password')}
          />
          <PasswordField
            label="New password"
            description="At least 12 characters."
            autoComplete="new-password"
            required
            what="new password"
            {...form.getInputProps('new_password')}
          />
          <PasswordField
            label="New password again"
            autoComplete="new-password"
            required
            what="repeated password"
            {...form.getInputProps('again')}
          />
          <FormProblem problem={problem} />
          <Group>
            <Button type="submit" loading={saving}>
              Change password
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
