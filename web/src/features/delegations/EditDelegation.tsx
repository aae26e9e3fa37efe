import { Alert } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconInfoCircle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAll } from '@/api/all';
import { catalogueQuery } from '@/api/catalogue';
import { useChanged } from '@/api/changed';
import { $api, client } from '@/api/client';
import type { Delegation } from '@/api/types';
import { ActionsPicker, type PickableAction } from '@/ui/ActionsPicker';
import { FormDialog } from '@/ui/FormDialog';
import { focusFirstError, useSave } from '@/ui/forms';
import { FailureAlert } from '@/ui/states';
import { DurationField } from './DurationField';
import { changesOf, type Values, valuesOf } from './edit';
import { checkDuration } from './fields';
import { LimitFields } from './LimitFields';

/** Its delegator edits everything; anybody else can only narrow it. Mounted while it is open. */
export function EditDelegation({ delegation: d, mine, onClose }: { delegation: Delegation; mine: boolean; onClose: () => void }) {
  const { data: catalogue } = useQuery(catalogueQuery);
  const changed = useChanged();
  const role = $api.useQuery('get', '/roles/{name}', { params: { path: { name: d.role } } }, { enabled: mine });
  const all = useAll('/actions');
  const about = new Map(all.data?.map((a) => [a.name, a]));
  // As it was when the form opened: the page may get a newer one meanwhile.
  const [start] = useState(() => valuesOf(d));
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: start,
    validate: {
      actions: (v) => (v.length > 0 ? null : 'Choose at least one action, or revoke it.'),
      duration: checkDuration,
    },
  });
  const values = form.getValues();
  // What was lent, or chosen, stays choosable, even if the role has lost it since.
  const names = [...new Set([...d.actions, ...values.actions, ...(role.data?.actions ?? [])])].sort();
  const actions: PickableAction[] = names.map((name) => about.get(name) ?? { name, description: '', sensitive: false });
  const { submit, ...saving } = useSave(
    async (v: Values) => {
      const body = changesOf(start, v);
      if (body) {
        const { error } = await client.PATCH('/delegations/{id}', { params: { path: { id: d.id } }, body });
        if (error) throw error;
      }
      onClose();
      await changed();
    },
    form,
    { max_duration_seconds: 'duration' },
  );
  return (
    <FormDialog
      title={mine ? 'Edit delegation' : 'Narrow delegation'}
      onClose={onClose}
      onSubmit={form.onSubmit(submit, focusFirstError)}
      saving={saving}
      submit="Save"
      size="lg"
    >
      {!mine && (
        <Alert icon={<IconInfoCircle />} c="var(--mantine-color-text)">
          {d.delegator.name || d.delegator.email} lent this. You can take away actions, shorten the duration, bring the end date forward or
          leave out audiences, not add any.
        </Alert>
      )}
      <FailureAlert
        failure={role.data ? null : role.error}
        retry={() => void role.refetch()}
        title="The role’s further actions could not be loaded"
      />
      <ActionsPicker
        label="Allowed Actions"
        actions={actions}
        value={values.actions}
        onChange={(v) => form.setFieldValue('actions', v)}
        error={form.errors.actions}
      />
      <DurationField
        value={values.duration}
        onChange={(v) => form.setFieldValue('duration', v)}
        error={form.errors.duration}
        maximum={catalogue?.server.max_token_ttl_seconds}
      />
      <LimitFields
        ends_at={values.ends_at}
        resources={values.resources}
        onChange={(change) => form.setValues(change)}
        errors={{ ends_at: form.errors.ends_at, resources: form.errors.resources }}
      />
    </FormDialog>
  );
}
