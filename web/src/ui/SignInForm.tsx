import { Button, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { client } from '@/api/client';
import type { Session } from '@/api/types';
import { FormProblem } from './FormProblem';
import { useSave } from './forms';
import { PasswordField } from './PasswordField';

/** Email and password. A refusal keeps the email and says nothing about which was wrong. */
export function SignInForm({ email = '', onSignedIn }: { email?: string; onSignedIn: (session: Session) => void | Promise<void> }) {
  const form = useForm({
    mode: 'controlled',
    initialValues: { email, password: '' },
    validate: {
      email: (v) => (v.trim() ? null : 'Enter your email.'),
      password: (v) => (v ? null : 'Enter your password.'),
    },
  });
  const { submit, saving, problem } = useSave(async (body: { email: string; password: string }) => {
    const { data, error } = await client.POST('/session', { body: { ...body, email: body.email.trim() } });
    if (error) throw error;
    await onSignedIn(data);
  }, form);
  return (
    <form onSubmit={form.onSubmit(submit)} noValidate>
      <Stack gap="md">
        <TextInput
          label="Email"
          type="email"
          autoComplete="username"
          maxLength={320}
          required
          data-autofocus={email ? undefined : true}
          autoFocus={!email}
          {...form.getInputProps('email')}
        />
        <PasswordField
          label="Password"
          autoComplete="current-password"
          required
          data-autofocus={email ? true : undefined}
          autoFocus={Boolean(email)}
          {...form.getInputProps('password')}
        />
        <FormProblem problem={problem} />
        <Button type="submit" loading={saving} fullWidth>
          Sign in
        </Button>
      </Stack>
    </form>
  );
}
