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
import { DurationField } from '@/ui/DurationField';
import { checkDuration } from '@/ui/delegable-checks';
import { FormDialog } from '@/ui/FormDialog';
import { focusFirstError, useSave } from '@/ui/forms';
import { recalling } from '@/ui/RecallNotice';
import { FailureAlert } from '@/ui/states';
import { changesOf, narrows, type Values, valuesOf } from './edit';
import { LimitFields } from './LimitFields';

interface Props {
  delegation: Delegation;
  /** Whether it can be given more; else it can only be narrowed. */
  widens: boolean;
  onClose: () => void;
}

/** Its delegator edits everything; anybody else, and what a template made, can only narrow it. Mounted while it is open. */
export function EditDelegation({ delegation: d, widens, onClose }: Props) {
  const { data: catalogue } = useQuery(catalogueQuery);
  const changed = useChanged();
  const role = $api.useQuery('get', '/roles/{name}', { params: { path: { name: d.role } } }, { enabled: widens });
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
        const patch = async () => {
          const { error, response } = await client.PATCH('/delegations/{id}', { params: { path: { id: d.id } }, body });
          if (error) throw error;
          return response;
        };
        await (narrows(start, v) ? recalling({ agent: d.client_id, delegation: d.id }, 'Delegation saved', patch, true) : patch());
      }
      onClose();
      await changed();
    },
    form,
    { max_duration_seconds: 'duration' },
  );
  return (
    <FormDialog
      title={widens ? 'Edit delegation' : 'Narrow delegation'}
      onClose={onClose}
      onSubmit={form.onSubmit(submit, focusFirstError)}
      saving={saving}
      submit="Save"
      size="lg"
    >
      {!widens && (
        <Alert icon={<IconInfoCircle />} c="var(--mantine-color-text)">
          {d.template ? 'A delegation template made this.' : `${d.delegator.name || d.delegator.email} lent this.`} You can take away
          actions, shorten the duration, bring the end date forward, leave out audiences and sub-agents or demand bound tokens, not add any.
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
        sub_agents={values.sub_agents}
        sender_constrained={values.sender_constrained}
        onChange={(change) => form.setValues(change)}
        errors={form.errors}
        agent={d.client_id}
        within={widens ? undefined : start}
      />
    </FormDialog>
  );
}
