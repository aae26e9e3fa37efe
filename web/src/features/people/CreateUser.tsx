import { Modal, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import type { Schema } from '@/api/types';
import { FormButtons } from '@/ui/FormButtons';
import { FormProblem } from '@/ui/FormProblem';
import { useFocusBack } from '@/ui/focus';
import { focusFirstError, useSave } from '@/ui/forms';
import { PasswordField } from '@/ui/PasswordField';
import { LevelField, RolesField } from './AccessFields';

interface Values {
  email: string;
  name: string;
  level: Schema<'Level'>;
  roles: string[];
  password: string;
}

interface Props {
  onClose: () => void;
  onMade: (user: Schema<'UserCreated'>) => void;
}

export function CreateUser({ onClose, onMade }: Props) {
  useFocusBack();
  const changed = useChanged();
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: { email: '', name: '', level: 'member', roles: [], password: '' },
    validate: {
      email: (v) => (v.trim() ? null : 'Enter an email address.'),
      name: (v) => (v.trim() ? null : 'Enter a name.'),
      // The server counts characters, not UTF-16 units.
      password: (v) => (v === '' || [...v].length >= 12 ? null : 'Use at least 12 characters, or leave it empty.'),
    },
  });
  const { submit, saving, problem } = useSave(async (v: Values) => {
    const { data, error } = await client.POST('/users', {
      body: {
        email: v.email.trim(),
        name: v.name.trim(),
        level: v.level,
        roles: v.roles,
        ...(v.password ? { password: v.password } : {}),
      },
    });
    if (error) throw error;
    onMade(data);
    await changed();
  }, form);
  const { level, roles } = form.getValues();
  return (
    <Modal opened onClose={onClose} title="Create user" size="lg" closeOnClickOutside={false} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.onSubmit(submit, focusFirstError)} noValidate>
        <Stack gap="md">
          <TextInput
            label="Email"
            type="email"
            placeholder="support.lead@example.com"
            required
            maxLength={320}
            autoComplete="off"
            data-autofocus
            {...form.getInputProps('email')}
          />
          <TextInput label="Name" placeholder="Support Lead" required maxLength={256} autoComplete="off" {...form.getInputProps('name')} />
          <LevelField value={level} onChange={(v) => form.setFieldValue('level', v)} error={form.errors.level} />
          <RolesField value={roles} onChange={(v) => form.setFieldValue('roles', v)} error={form.errors.roles} />
          <PasswordField
            label="Password"
            description="At least 12 characters. Leave it empty to get a set-up link, by which they choose their own."
            autoComplete="new-password"
            {...form.getInputProps('password')}
          />
          <FormProblem problem={problem} />
          <FormButtons submit="Create user" saving={saving} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
