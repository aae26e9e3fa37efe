import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import type { Schema } from '@/api/types';
import { list } from '@/lib/text';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { FormProblem } from '@/ui/FormProblem';
import { focusFirstError, useSave } from '@/ui/forms';
import { Section } from '@/ui/states';
import { LevelField, RolesField } from './AccessFields';

type User = Schema<'User'>;
type Values = Pick<User, 'name' | 'level' | 'roles'>;

const valuesOf = ({ name, level, roles }: User): Values => ({ name, level, roles });

/** Taking a role away asks first: it stops what was lent of it. */
export function EditUser({ user }: { user: User }) {
  const changed = useChanged();
  const [asking, setAsking] = useState(false);
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: valuesOf(user),
    validate: { name: (v) => (v.trim() ? null : 'Enter a name.') },
  });
  const { name, level, roles } = form.getValues();
  const removed = user.roles.filter((role) => !roles.includes(role));
  const dirty = name !== user.name || level !== user.level || removed.length > 0 || roles.length !== user.roles.length;
  const save = async () => {
    const { data, error } = await client.PATCH('/users/{id}', {
      params: { path: { id: user.id } },
      body: { name: name.trim(), level, roles },
    });
    if (error) throw error;
    form.setValues(valuesOf(data));
    notifications.show({ message: 'User saved.' });
    await changed();
  };
  const { submit, saving, problem } = useSave(save, form);
  return (
    <Section title="Edit user">
      <form onSubmit={form.onSubmit(() => (removed.length > 0 ? setAsking(true) : submit(undefined)), focusFirstError)} noValidate>
        <Stack gap="md">
          <TextInput label="Name" required autoComplete="off" {...form.getInputProps('name')} />
          <LevelField value={level} onChange={(v) => form.setFieldValue('level', v)} error={form.errors.level} />
          <RolesField value={roles} onChange={(v) => form.setFieldValue('roles', v)} error={form.errors.roles} />
          <FormProblem problem={problem} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" disabled={!dirty} onClick={() => form.setValues(valuesOf(user))}>
              Undo changes
            </Button>
            <Button type="submit" loading={saving} disabled={!dirty}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
      <ConfirmDialog opened={asking} onClose={() => setAsking(false)} title="Take roles away?" confirm="Save" act={save}>
        They no longer hold {list(removed)}. What they lent of {removed.length === 1 ? 'it' : 'them'} stops with the agents’ next token.
      </ConfirmDialog>
    </Section>
  );
}
