import { Button, Checkbox, Group, Paper, Select, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { useCan } from '@/api/session';
import type { Agent, Catalogue, Schema } from '@/api/types';
import { instantOf } from '@/lib/local-time';
import { ActionsPicker } from '@/ui/ActionsPicker';
import { AgentSelect } from '@/ui/AgentSelect';
import { CreateRole } from '@/ui/CreateRole';
import { DurationField } from '@/ui/DurationField';
import { type Duration, secondsOf } from '@/ui/DurationInput';
import { checkActions, checkDuration } from '@/ui/delegable-checks';
import { FormProblem } from '@/ui/FormProblem';
import { focusFirstError, useSave } from '@/ui/forms';
import { ButtonTo } from '@/ui/links';
import { Section } from '@/ui/states';
import { idsOf, type Values as Limits } from './edit';
import { LimitFields } from './LimitFields';
import { summarize } from './summary';

interface Values {
  role: string | null;
  type: string;
  client_id: string;
  actions: string[];
  max_duration_seconds: Duration;
  ends_at: string | null;
  resources: string[];
  sub_agents: Limits['sub_agents'];
  sender_constrained: Limits['sender_constrained'];
  default: boolean;
}

interface Props {
  me: Schema<'Me'>;
  catalogue: Catalogue;
  /** What the link presets. */
  agent: Agent | undefined;
  role: string | undefined;
}

export function DelegationForm({ me, catalogue, agent: presetAgent, role: presetRole }: Props) {
  const can = useCan();
  const navigate = useNavigate();
  const changed = useChanged();
  const [agent, setAgent] = useState(presetAgent);
  const [creatingRole, setCreatingRole] = useState(false);
  const [more, setMore] = useState(false);
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: {
      role: me.delegable.some((r) => r.name === presetRole) ? (presetRole ?? null) : null,
      type: presetAgent?.type ?? catalogue.agent_types[0]?.value ?? '',
      client_id: presetAgent?.client_id ?? '',
      actions: [],
      max_duration_seconds: { count: 1, unit: 'hours' },
      ends_at: null,
      resources: [],
      sub_agents: [],
      sender_constrained: 'none',
      default: false,
    },
    validate: {
      role: (v) => (v ? null : 'Choose a role.'),
      client_id: (v) => (v ? null : 'Choose an agent.'),
      actions: checkActions,
      max_duration_seconds: checkDuration,
    },
  });
  const v = form.getValues();
  const role = me.delegable.find((r) => r.name === v.role);
  const { submit, saving, problem } = useSave(async (values: Values) => {
    const endsAt = instantOf(values.ends_at);
    const { data, error } = await client.POST('/delegations', {
      body: {
        role: values.role ?? '',
        client_id: values.client_id,
        actions: values.actions,
        max_duration_seconds: secondsOf(values.max_duration_seconds) ?? 0,
        ...(values.resources.length > 0 ? { resources: values.resources } : {}),
        ...(values.sub_agents.length > 0 ? { sub_agents: idsOf(values.sub_agents) } : {}),
        ...(values.sender_constrained === 'none' ? {} : { sender_constrained: values.sender_constrained }),
        ...(endsAt ? { ends_at: endsAt } : {}),
        ...(values.default ? { default: true } : {}),
      },
    });
    if (error) {
      if (error.errors?.some((e) => /^\/(resources|ends_at|sub_agents|sender_constrained|default)/.test(e.field))) setMore(true);
      throw error;
    }
    void changed();
    await navigate({ to: '/delegations', search: { new: data.id } });
  }, form);
  const chooseAgent = (next: Agent | undefined) => {
    setAgent(next);
    form.setFieldValue('client_id', next?.client_id ?? '');
    form.setFieldValue('default', false);
    form.setFieldValue(
      'sub_agents',
      v.sub_agents.filter((a) => a.client_id !== next?.client_id),
    );
  };
  const chooseRole = (name: string | null) => {
    form.setFieldValue('role', name);
    form.setFieldValue('actions', []);
  };
  const noRole = me.delegable.length === 0;
  // Another's default moves by administrators alone.
  const taken = Boolean(agent?.default_delegation_id) && !can('delegations.write_all');

  return (
    <>
      <form onSubmit={form.onSubmit(submit, focusFirstError)} noValidate>
        <Stack gap="lg">
          <Section title="Define context">
            <Group align="flex-end" gap="sm">
              <Select
                label="Role"
                allowDeselect={false}
                placeholder={noRole ? 'There is none yet' : 'Choose a role'}
                required
                searchable
                data={me.delegable.map((r) => r.name)}
                value={v.role}
                onChange={chooseRole}
                error={form.errors.role}
                nothingFoundMessage="No role matches"
                style={{ flex: '1 1 260px' }}
              />
              {can('roles.write') && (
                <Button variant={noRole ? 'filled' : 'default'} onClick={() => setCreatingRole(true)}>
                  Create a role
                </Button>
              )}
            </Group>
            {noRole && (
              <Text fz="sm">
                {can('roles.write')
                  ? 'Create a role first: it names the actions that may be lent.'
                  : 'You hold no role, so there is nothing to lend. Ask an administrator to give you one.'}
              </Text>
            )}
            <Select
              label="Target Type"
              required
              allowDeselect={false}
              data={catalogue.agent_types.map((t) => ({ value: t.value, label: t.label }))}
              value={v.type}
              onChange={(type) => {
                if (!type || type === v.type) return;
                form.setFieldValue('type', type);
                chooseAgent(undefined);
              }}
            />
            <AgentSelect key={v.type} type={v.type} value={agent} onChange={chooseAgent} error={form.errors.client_id} />
          </Section>
          <Section title="Assign permissions">
            {role ? (
              <ActionsPicker
                label="Allowed Actions"
                actions={role.actions}
                value={v.actions}
                onChange={(actions) => form.setFieldValue('actions', actions)}
                error={form.errors.actions}
              />
            ) : (
              <Text c="dimmed">Choose a role to see its actions.</Text>
            )}
          </Section>
          <Section title="Set duration">
            <DurationField
              value={v.max_duration_seconds}
              onChange={(d) => form.setFieldValue('max_duration_seconds', d)}
              error={form.errors.max_duration_seconds}
              maximum={catalogue.server.max_token_ttl_seconds}
            />
            <Group>
              <Button variant="default" size="xs" aria-expanded={more} onClick={() => setMore(!more)}>
                More options
              </Button>
            </Group>
            {more && (
              <>
                <LimitFields
                  ends_at={v.ends_at}
                  resources={v.resources}
                  sub_agents={v.sub_agents}
                  sender_constrained={v.sender_constrained}
                  onChange={(change) => form.setValues(change)}
                  errors={form.errors}
                  agent={v.client_id || undefined}
                />
                <Checkbox
                  label="Default for this agent"
                  description={
                    taken
                      ? 'It has a default already, which only an administrator can move.'
                      : "Used when a request names no delegation. An agent's first one is its default anyway."
                  }
                  disabled={taken}
                  {...form.getInputProps('default', { type: 'checkbox' })}
                />
              </>
            )}
          </Section>
          <Paper withBorder p="md">
            <Text role="status" style={{ overflowWrap: 'anywhere' }}>
              {summarize({
                agent: agent?.name,
                role: v.role,
                actions: v.actions,
                seconds: secondsOf(v.max_duration_seconds),
                endsAt: instantOf(v.ends_at),
                audiences: v.resources,
                subAgents: v.sub_agents.map((a) => a.name),
              })}
            </Text>
          </Paper>
          <FormProblem problem={problem} />
          <Group justify="flex-end" gap="xs">
            <ButtonTo to="/delegations" variant="default">
              Cancel
            </ButtonTo>
            <Button type="submit" loading={saving}>
              Create Trust Delegation
            </Button>
          </Group>
        </Stack>
      </form>
      {creatingRole && <CreateRole onClose={() => setCreatingRole(false)} onCreated={chooseRole} />}
    </>
  );
}
