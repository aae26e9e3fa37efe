import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { useEffect, useRef, useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { useCan } from '@/api/session';
import type { Schema } from '@/api/types';
import { mergeSet, mergeValue } from '@/lib/merge';
import { list } from '@/lib/text';
import { ActionsPicker } from '@/ui/ActionsPicker';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { FormProblem } from '@/ui/FormProblem';
import { focusFirstError, useSave } from '@/ui/forms';
import { Section } from '@/ui/states';
import { difference } from './impact';
import { RoleImpact } from './RoleImpact';

interface Values {
  description: string;
  actions: string[];
}

const valuesOf = ({ description, actions }: Values): Values => ({ description, actions });

/** Who feels a change shows before it is saved; taking actions away asks first. */
export function EditRole({ role, all }: { role: Schema<'Role'>; all: readonly Schema<'Action'>[] }) {
  const can = useCan();
  const changed = useChanged();
  const [asking, setAsking] = useState(false);
  const form = useForm<Values>({ mode: 'controlled', initialValues: valuesOf(role) });
  const { actions, description } = form.getValues();
  // What the form started from. When the role changes under it, what was chosen here stays, on what the role is now.
  const base = useRef(role);
  useEffect(() => {
    const before = base.current;
    if (before.updated_at === role.updated_at) return;
    base.current = role;
    const v = form.getValues();
    form.setValues({
      description: mergeValue(before.description, v.description, role.description),
      actions: mergeSet(before.actions, v.actions, role.actions),
    });
  }, [role, form.getValues, form.setValues]);
  const { added, removed } = difference(role.actions, actions);
  const differs = added.length + removed.length > 0;
  const dirty = differs || description !== role.description;

  const save = async () => {
    const { data, error } = await client.PUT('/roles/{name}', {
      params: { path: { name: role.name } },
      body: { description: description.trim(), actions, updated_at: base.current.updated_at },
    });
    if (error) {
      // Somebody else was first: shows what the role is now, with what was chosen here.
      if (error.code === 'changed_meanwhile') void changed();
      throw error;
    }
    base.current = data;
    form.setValues({ description: data.description, actions: data.actions });
    notifications.show({ message: 'Role saved.' });
    await changed();
  };
  const { submit, saving, problem } = useSave(save, form);
  const impact = differs && can('delegations.read_all') && <RoleImpact role={role.name} actions={actions} />;

  return (
    <Section title="Edit role">
      <form onSubmit={form.onSubmit(() => (removed.length > 0 ? setAsking(true) : submit(undefined)), focusFirstError)} noValidate>
        <Stack gap="md">
          <Textarea label="Description" autosize minRows={2} maxLength={1024} {...form.getInputProps('description')} />
          <ActionsPicker
            label="Actions"
            actions={all}
            value={actions}
            onChange={(names) => form.setFieldValue('actions', names)}
            error={form.errors.actions}
          />
          {differs && (
            <Stack gap={4} style={{ overflowWrap: 'anywhere' }}>
              {added.length > 0 && <Text>Adds {list(added)}.</Text>}
              {removed.length > 0 && <Text fw={600}>Removes {list(removed)}.</Text>}
            </Stack>
          )}
          {!asking && impact}
          <FormProblem problem={problem} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" disabled={!dirty} onClick={() => form.setValues(valuesOf(role))}>
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
        title={`Take actions from ${role.name}?`}
        confirm="Save"
        // What goes wrong is the form's to say, on its fields.
        act={() => submit(undefined)}
      >
        <Stack gap="sm" style={{ overflowWrap: 'anywhere' }}>
          <Text>
            The role loses {list(removed)}. Whoever holds it can lend {removed.length === 1 ? 'this' : 'these'} no more, and agents lose{' '}
            {removed.length === 1 ? 'it' : 'them'} with their next token.
          </Text>
          {asking && impact}
        </Stack>
      </ConfirmDialog>
    </Section>
  );
}
