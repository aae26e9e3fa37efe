import { Anchor, Button, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useRouter } from '@tanstack/react-router';
import { client } from '@/api/client';
import { queryClient } from '@/api/query-client';
import { sessionQuery } from '@/api/session';
import { FormProblem } from '@/ui/FormProblem';
import { focusFirstError, useSave } from '@/ui/forms';
import { PasswordField } from '@/ui/PasswordField';
import { Front } from './Front';
import { useSetupLink } from './setup-token';

interface Values {
  email: string;
  name: string;
  password: string;
  again: string;
}

/** The one-time link: a fresh server's makes the first administrator, a person's own sets their password. */
export function SetupPage() {
  const { token, person } = useSetupLink();
  const first = person === null;
  const router = useRouter();
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: { email: '', name: '', password: '', again: '' },
    validate: {
      email: (v) => (!first || v.trim() ? null : 'Enter your email.'),
      name: (v) => (!first || v.trim() ? null : 'Enter your name.'),
      password: (v) => ([...v].length >= 12 ? null : 'At least 12 characters.'),
      again: (v, all) => (v === all.password ? null : 'The two passwords differ.'),
    },
  });
  const { submit, saving, problem } = useSave(async (v: Values) => {
    const { data, error } = await client.POST('/setup', {
      body: { token, password: v.password, ...(first ? { email: v.email.trim(), name: v.name.trim() } : {}) },
    });
    if (error) throw error;
    queryClient.clear();
    queryClient.setQueryData(sessionQuery.queryKey, data);
    await router.navigate({ to: '/' });
  }, form);

  if (!token) {
    return (
      <Front
        title="Set up AuthSec"
        lead="Open the whole set-up link: it ends in #token=… Each link works once and for one hour; an administrator can make another."
      >
        <Anchor href="/sign-in">Sign in instead</Anchor>
      </Front>
    );
  }
  return (
    <Front
      title={first ? 'Set up AuthSec' : 'Choose your password'}
      lead={first ? 'You become the first administrator. This link works once.' : `For ${person}. This link works once.`}
    >
      <form onSubmit={form.onSubmit(submit, focusFirstError)} noValidate>
        <Stack gap="md">
          {first && (
            <>
              <TextInput
                label="Email"
                type="email"
                autoComplete="username"
                maxLength={320}
                required
                autoFocus
                {...form.getInputProps('email')}
              />
              <TextInput label="Name" autoComplete="name" maxLength={256} required {...form.getInputProps('name')} />
            </>
          )}
          <PasswordField
            label="Password"
            description="At least 12 characters."
            autoComplete="new-password"
            required
            autoFocus={!first}
            {...form.getInputProps('password')}
          />
          <PasswordField
            label="Password again"
            autoComplete="new-password"
            required
            what="repeated password"
            {...form.getInputProps('again')}
          />
          <FormProblem problem={problem} />
          <Button type="submit" loading={saving}>
            {first ? 'Create administrator' : 'Set password'}
          </Button>
        </Stack>
      </form>
    </Front>
  );
}
