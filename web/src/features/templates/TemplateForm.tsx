import { Paper, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useAll } from '@/api/all';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import type { Agent, Catalogue, Schema } from '@/api/types';
import { ActionsPicker } from '@/ui/ActionsPicker';
import { AgentSelect } from '@/ui/AgentSelect';
import { secondsOf } from '@/ui/DurationInput';
import { checkActions, checkDuration } from '@/ui/delegable-checks';
import { FormButtons } from '@/ui/FormButtons';
import { FormProblem } from '@/ui/FormProblem';
import { focusFirstError, useSave } from '@/ui/forms';
import { ProviderSelect } from '@/ui/ProviderSelect';
import { Section } from '@/ui/states';
import { ConditionRows } from './ConditionRows';
import { sayLend } from './lend';
import { TermFields } from './TermFields';
import { bodyOf, checks, emptyValues, renamed, type Values } from './values';

interface Props {
  catalogue: Catalogue;
  roles: readonly Schema<'Role'>[];
  actions: readonly Schema<'Action'>[];
  /** What the link presets. */
  agent: Agent | undefined;
  provider: string | undefined;
}

export function TemplateForm({ catalogue, roles, actions, agent: presetAgent, provider: presetProvider }: Props) {
  const navigate = useNavigate();
  const changed = useChanged();
  const providers = useAll('/identity-providers').data;
  const [agent, setAgent] = useState(presetAgent);
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: { ...emptyValues, client_id: presetAgent?.client_id ?? '', identity_provider_id: presetProvider ?? '' },
    validate: {
      ...checks,
      client_id: (v) => (v ? null : 'Choose an agent.'),
      identity_provider_id: (v) => (v ? null : 'Choose an identity provider.'),
      role: (v) => (v ? null : 'Choose a role.'),
      actions: checkActions,
      duration: checkDuration,
    },
  });
  const v = form.getValues();
  const provider = providers?.find((p) => p.id === v.identity_provider_id);
  const role = roles.find((r) => r.name === v.role);
  const { submit, saving, problem } = useSave(
    async (values: Values) => {
      const { data, error } = await client.POST('/delegation-templates', { body: bodyOf(values) });
      if (error) throw error;
      await navigate({ to: '/delegation-templates/$id', params: { id: data.id } });
      await changed();
    },
    form,
    renamed,
  );
  const chooseAgent = (next: Agent | undefined) => {
    setAgent(next);
    form.setFieldValue('client_id', next?.client_id ?? '');
    form.setFieldValue(
      'sub_agents',
      v.sub_agents.filter((a) => a.client_id !== next?.client_id),
    );
  };
  const chooseRole = (name: string | null) => {
    form.setFieldValue('role', name);
    form.setFieldValue('actions', []);
  };
  return (
    <form onSubmit={form.onSubmit(submit, focusFirstError)} noValidate>
      <Stack gap="lg">
        <Section title="Who lends to whom">
          <TextInput label="Name" placeholder="Support staff" required maxLength={256} autoComplete="off" {...form.getInputProps('name')} />
          <AgentSelect value={agent} onChange={chooseAgent} error={form.errors.client_id} />
          <ProviderSelect
            description={
              provider && !provider.audience ? 'It has no audience, so that nobody lends by it: give it one under Settings.' : undefined
            }
            value={v.identity_provider_id}
            onChange={(id) => form.setFieldValue('identity_provider_id', id)}
            error={form.errors.identity_provider_id}
          />
          <ConditionRows form={form} provider={provider?.name} />
        </Section>
        <Section title="What they lend">
          <Select
            label="Role"
            description="Whoever meets the conditions need not hold it: this rule lends it, while they are present."
            allowDeselect={false}
            placeholder={roles.length === 0 ? 'There is none yet' : 'Choose a role'}
            required
            searchable
            data={roles.map((r) => r.name)}
            value={v.role}
            onChange={chooseRole}
            error={form.errors.role}
            nothingFoundMessage="No role matches"
          />
          {role ? (
            <ActionsPicker
              label="Allowed Actions"
              actions={actions.filter((a) => role.actions.includes(a.name))}
              value={v.actions}
              onChange={(names) => form.setFieldValue('actions', names)}
              error={form.errors.actions}
            />
          ) : (
            <Text c="dimmed">Choose a role to see its actions.</Text>
          )}
        </Section>
        <Section title="How the tokens can be used">
          <TermFields form={form} agent={v.client_id || undefined} maximum={catalogue.server.max_token_ttl_seconds} />
        </Section>
        <Paper withBorder p="md">
          <Text role="status" style={{ overflowWrap: 'anywhere' }}>
            {sayLend({
              provider: provider?.name,
              conditions: v.conditions,
              agent: agent?.name,
              role: v.role,
              actions: v.actions,
              seconds: secondsOf(v.duration),
            })}
          </Text>
        </Paper>
        <FormProblem problem={problem} />
        <FormButtons submit="Add delegation template" saving={saving} onCancel={() => void navigate({ to: '/delegation-templates' })} />
      </Stack>
    </form>
  );
}
