import { Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAll } from '@/api/all';
import { catalogueQuery } from '@/api/catalogue';
import { useChanged } from '@/api/changed';
import { $api, client } from '@/api/client';
import { ActionsPicker, type PickableAction } from '@/ui/ActionsPicker';
import { secondsOf } from '@/ui/DurationInput';
import { checkActions, checkDuration } from '@/ui/delegable-checks';
import { FormDialog } from '@/ui/FormDialog';
import { focusFirstError, useSave } from '@/ui/forms';
import { recalling } from '@/ui/RecallNotice';
import { FailureAlert } from '@/ui/states';
import { ConditionRows } from './ConditionRows';
import { sayLend } from './lend';
import { TermFields } from './TermFields';
import { changesOf, checks, renamed, type Template, type TermValues, valuesOf } from './values';

/** Agent, provider and role are fixed. Mounted while it is open. */
export function EditTemplate({ template: t, onClose }: { template: Template; onClose: () => void }) {
  const { data: catalogue } = useQuery(catalogueQuery);
  const changed = useChanged();
  const role = $api.useQuery('get', '/roles/{name}', { params: { path: { name: t.role } } });
  const all = useAll('/actions');
  const about = new Map(all.data?.map((a) => [a.name, a]));
  // As it was when the form opened: the page may get a newer one meanwhile.
  const [start] = useState(() => valuesOf(t));
  const form = useForm<TermValues>({
    mode: 'controlled',
    initialValues: start,
    validate: { ...checks, actions: checkActions, duration: checkDuration },
  });
  const v = form.getValues();
  // What is lent, or was chosen, stays choosable, even if the role has lost it since.
  const names = [...new Set([...t.actions, ...v.actions, ...(role.data?.actions ?? [])])].sort();
  const actions: PickableAction[] = names.map((name) => about.get(name) ?? { name, description: '', sensitive: false });
  const { submit, ...saving } = useSave(
    async (values: TermValues) => {
      const body = changesOf(start, values);
      if (body) {
        const patch = async () => {
          const { error, response } = await client.PATCH('/delegation-templates/{id}', { params: { path: { id: t.id } }, body });
          if (error) throw error;
          return response;
        };
        await recalling({ agent: t.client_id }, 'Template saved', patch, true);
      }
      onClose();
      await changed();
    },
    form,
    renamed,
  );
  return (
    <FormDialog
      title={`Edit ${t.name}`}
      size="lg"
      onClose={onClose}
      onSubmit={form.onSubmit(submit, focusFirstError)}
      saving={saving}
      submit="Save"
    >
      <Text fz="sm" role="status" style={{ overflowWrap: 'anywhere' }}>
        {sayLend({
          provider: t.identity_provider.name,
          conditions: v.conditions,
          agent: t.agent.name,
          role: t.role,
          actions: v.actions,
          seconds: secondsOf(v.duration),
        })}
      </Text>
      <TextInput label="Name" required maxLength={256} autoComplete="off" data-autofocus {...form.getInputProps('name')} />
      <ConditionRows form={form} provider={t.identity_provider.name} />
      <FailureAlert
        failure={role.data ? null : role.error}
        retry={() => void role.refetch()}
        title="The role’s further actions could not be loaded"
      />
      <ActionsPicker
        label="Allowed Actions"
        actions={actions}
        value={v.actions}
        onChange={(next) => form.setFieldValue('actions', next)}
        error={form.errors.actions}
      />
      <TermFields form={form} agent={t.client_id} maximum={catalogue?.server.max_token_ttl_seconds} />
    </FormDialog>
  );
}
