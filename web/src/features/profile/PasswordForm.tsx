import { Button, Group, PasswordInput, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { FormProblem } from '@/ui/FormProblem';
import { useSave } from '@/ui/forms';
import { Section } from '@/ui/states';
import { noPasswords, type PasswordValues, passwordRules } from './password';

const visibility = (what: string) => ({ 'aria-label': `Show or hide the ${what}` });

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
      closeButtonProps: { 'aria-label': 'Close' },
    });
    // This session goes on under a new cookie.
    await changed();
  }, form);
  // PasswordInput does not mark its input itself.
  const field = (name: keyof PasswordValues) => ({ ...form.getInputProps(name), 'aria-invalid': form.errors[name] ? true : undefined });
  return (
    <Section title="Change password">
      <form onSubmit={form.onSubmit(submit)} noValidate>
        <Stack gap="md" maw={420}>
          <Text fz="sm">Your sessions in other browsers end when you change it. This one goes on.</Text>
          {/* Tells password managers whose password it is. */}
          <input type="text" autoComplete="username" value={email} readOnly hidden />
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            required
            maxLength={256}
            visibilityToggleButtonProps={visibility('current password')}
            {...field('current_password')}
          />
          <PasswordInput
            label="New password"
            description="At least 12 characters."
            autoComplete="new-password"
            required
            maxLength={256}
            visibilityToggleButtonProps={visibility('new password')}
            {...field('new_password')}
          />
          <PasswordInput
            label="New password again"
            autoComplete="new-password"
            required
            maxLength={256}
            visibilityToggleButtonProps={visibility('repeated password')}
            {...field('again')}
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
