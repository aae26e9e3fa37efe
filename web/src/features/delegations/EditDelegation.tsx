import { Alert, Modal, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconInfoCircle } from '@tabler/icons-react';
import { useSuspenseQuery } from '@tanstack/react-query';
import { catalogueQuery } from '@/api/catalogue';
import { useChanged } from '@/api/changed';
import { $api, client } from '@/api/client';
import type { Catalogue, Delegation } from '@/api/types';
import { inUnit } from '@/lib/duration';
import { ActionsPicker, type PickableAction } from '@/ui/ActionsPicker';
import { type Duration, secondsOf } from '@/ui/DurationInput';
import { FormButtons } from '@/ui/FormButtons';
import { FormProblem } from '@/ui/FormProblem';
import { focusFirstError, useSave } from '@/ui/forms';
import { DurationField } from './DurationField';
import { errorUnder } from './fields';
import { LimitFields, toInstant, toLocal } from './LimitFields';

interface Values {
  actions: string[];
  duration: Duration;
  ends_at: string | null;
  resources: string[];
}

/** Its delegator edits everything; anybody else can only narrow it. Mounted while it is open. */
export function EditDelegation({ delegation: d, mine, onClose }: { delegation: Delegation; mine: boolean; onClose: () => void }) {
  const catalogue = useSuspenseQuery(catalogueQuery).data as Catalogue;
  const changed = useChanged();
  const role = $api.useQuery('get', '/roles/{name}', { params: { path: { name: d.role } } });
  const all = $api.useQuery('get', '/me');
  const about = new Map(all.data?.delegable.flatMap((r) => r.actions).map((a) => [a.name, a]));
  // What was lent stays choosable, even if the role has lost it since.
  const names = [...new Set([...d.actions, ...(mine ? (role.data?.actions ?? []) : [])])].sort();
  const actions: PickableAction[] = names.map((name) => about.get(name) ?? { name, description: '', sensitive: false });
  const before = toLocal(d.ends_at);
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: { actions: d.actions, duration: inUnit(d.max_duration_seconds), ends_at: before, resources: d.resources },
    validate: {
      actions: (v) => (v.length > 0 ? null : 'Choose at least one action, or revoke it.'),
      duration: (v) => ((secondsOf(v) ?? 0) > 0 ? null : 'Enter a duration.'),
    },
  });
  const values = form.getValues();
  const { submit, saving, problem } = useSave(
    async (v: Values) => {
      const { error } = await client.PATCH('/delegations/{id}', {
        params: { path: { id: d.id } },
        body: {
          actions: v.actions,
          max_duration_seconds: secondsOf(v.duration) ?? 0,
          resources: v.resources,
          ...(v.ends_at === before ? {} : { ends_at: toInstant(v.ends_at) }),
        },
      });
      if (error) throw error;
      onClose();
      await changed();
    },
    form,
    { max_duration_seconds: 'duration' },
  );
  return (
    <Modal
      opened
      onClose={onClose}
      title={mine ? 'Edit delegation' : 'Narrow delegation'}
      size="lg"
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={form.onSubmit(submit, focusFirstError)} noValidate>
        <Stack gap="md">
          {!mine && (
            <Alert icon={<IconInfoCircle />}>
              {d.delegator.name} lent this. You can take away actions, shorten the duration, bring the end date forward or leave out
              audiences, not add any.
            </Alert>
          )}
          <ActionsPicker
            label="Allowed Actions"
            actions={actions}
            value={values.actions}
            onChange={(v) => form.setFieldValue('actions', v)}
            error={errorUnder(form.errors, 'actions')}
          />
          <DurationField
            value={values.duration}
            onChange={(v) => form.setFieldValue('duration', v)}
            error={form.errors.duration}
            maximum={catalogue.server.max_token_ttl_seconds}
          />
          <LimitFields
            ends_at={values.ends_at}
            resources={values.resources}
            onChange={(change) => form.setValues(change)}
            errors={{ ends_at: form.errors.ends_at, resources: errorUnder(form.errors, 'resources') }}
          />
          <FormProblem problem={problem} />
          <FormButtons submit="Save" saving={saving} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
