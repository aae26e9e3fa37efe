import { Alert, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { useSession } from '@/api/session';
import type { Schema } from '@/api/types';
import { without } from '@/lib/merge';
import { list } from '@/lib/text';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { FormProblem } from '@/ui/FormProblem';
import { focusFirstError, useSave } from '@/ui/forms';
import { Section } from '@/ui/states';
import { LevelField, RolesField } from './AccessFields';
import { isEmpty, lost, patchOf, rebase } from './changes';
import { useUserForm } from './use-user-form';

/** Taking roles away and lowering the level ask first: they stop what was lent. */
export function EditUser({ user }: { user: Schema<'User'> }) {
  const changed = useChanged();
  const me = useSession().user.id === user.id;
  const [asking, setAsking] = useState(false);
  const { form, clash, follow, typedOver } = useUserForm(user);
  const { level, roles } = form.getValues();
  const removed = without(user.roles, roles);
  const less = lost(user.level, level);
  const dirty = !isEmpty(patchOf(user, form.getValues()));
  const save = async () => {
    const params = { path: { id: user.id } };
    // Somebody may have changed the user since this page asked.
    const { data: now, error: unread } = await client.GET('/users/{id}', { params });
    if (unread) throw unread;
    const body = patchOf(now, rebase(typedOver(), form.getValues(), now));
    if (isEmpty(body)) follow(now);
    else {
      const { data, error } = await client.PATCH('/users/{id}', { params, body });
      if (error) throw error;
      follow(data);
    }
    notifications.show({ message: 'User saved.' });
    await changed();
  };
  const { submit, saving, problem } = useSave(save, form);
  const submitted = () => (removed.length > 0 || less ? setAsking(true) : submit(undefined));
  return (
    <Section title="Edit user">
      <form onSubmit={form.onSubmit(submitted, focusFirstError)} noValidate>
        <Stack gap="md">
          <TextInput label="Name" required autoComplete="off" maxLength={256} {...form.getInputProps('name')} />
          <LevelField value={level} onChange={(v) => form.setFieldValue('level', v)} error={form.errors.level} />
          <RolesField value={roles} onChange={(v) => form.setFieldValue('roles', v)} error={form.errors.roles} />
          {clash.length > 0 && dirty && (
            <Alert color="yellow" role="status" title={`Somebody else has just changed the ${list(clash)}`}>
              <Text fz="sm" style={{ overflowWrap: 'anywhere' }}>
                Now it is {list(clash.map((field) => user[field]))}. Save puts yours in its place; Undo changes keeps theirs.
              </Text>
            </Alert>
          )}
          <FormProblem problem={problem} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" disabled={!dirty} onClick={() => follow(user)}>
              Undo changes
            </Button>
            <Button type="submit" loading={saving} disabled={!dirty}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
      <ConfirmDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title={less ? 'Lower the level?' : 'Take roles away?'}
        confirm="Save"
        // What goes wrong is the form's to say, on its fields.
        act={() => submit(undefined)}
      >
        <Stack gap="sm" style={{ overflowWrap: 'anywhere' }}>
          {less && <Text>{less}</Text>}
          {less && me && <Text fw={600}>This is your own account: you cannot give yourself the level back.</Text>}
          {removed.length > 0 && (
            <Text>
              They no longer hold {list(removed)}.
              {level !== 'admin' && ` What they lent of ${removed.length === 1 ? 'it' : 'them'} stops with the agents’ next token.`}
            </Text>
          )}
        </Stack>
      </ConfirmDialog>
    </Section>
  );
}
