import { Alert, Table, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { Fragment } from 'react';
import { sayDuration } from '@/lib/duration';
import { ActionNames } from '@/ui/Explained';
import { FactRow } from '@/ui/Fact';
import { LinkTo } from '@/ui/links';
import { constraints } from '@/ui/SenderConstraint';
import { Section } from '@/ui/states';
import { When } from '@/ui/When';
import { any, sayLend, warnOf } from './lend';
import type { Template } from './values';

export function TemplateFacts({ template: t }: { template: Template }) {
  const warning = warnOf(t.conditions, t.identity_provider.name);
  return (
    <Section title="What it lends">
      <Text style={{ overflowWrap: 'anywhere' }}>
        {sayLend({
          provider: t.identity_provider.name,
          conditions: t.conditions,
          agent: t.agent.name,
          role: t.role,
          actions: t.actions,
          seconds: t.max_duration_seconds,
        })}
      </Text>
      {warning && (
        <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />} c="var(--mantine-color-text)" title="This is for everybody">
          {warning}
        </Alert>
      )}
      <Table layout="fixed" variant="vertical" aria-label="What it lends">
        <Table.Tbody>
          <FactRow label="Agent">
            <LinkTo to="/clients/agents/$clientId" params={{ clientId: t.client_id }}>
              {t.agent.name}
            </LinkTo>
          </FactRow>
          <FactRow label="Identity provider">
            <LinkTo to="/settings/identity-providers/$id" params={{ id: t.identity_provider.id }}>
              {t.identity_provider.name}
            </LinkTo>
          </FactRow>
          <FactRow label="Conditions">
            {t.conditions.map((c) => (
              <Text key={`${c.claim} ${c.values.join(' ')}`} inherit>
                <Text span inherit ff="monospace">
                  {c.claim}
                </Text>
                : {c.values.length === 1 && c.values[0] === any ? 'any value' : c.values.join(', ')}
              </Text>
            ))}
          </FactRow>
          <FactRow label="Role">
            <LinkTo to="/access/roles/$name" params={{ name: t.role }}>
              {t.role}
            </LinkTo>
          </FactRow>
          <FactRow label="Allowed Actions">
            <ActionNames names={t.actions} />
          </FactRow>
          <FactRow label="Maximum Duration">{sayDuration(t.max_duration_seconds)} a token</FactRow>
          <FactRow label="Audiences">{t.resources.length > 0 ? t.resources.join(', ') : 'the default audience of the server'}</FactRow>
          <FactRow label="Sub-agents">
            {t.sub_agents.length === 0 && 'nobody'}
            {t.sub_agents.map((a, i) => (
              <Fragment key={a.client_id}>
                {i > 0 && ', '}
                <LinkTo to="/clients/agents/$clientId" params={{ clientId: a.client_id }}>
                  {a.name}
                </LinkTo>
              </Fragment>
            ))}
          </FactRow>
          <FactRow label="Sender-constrained tokens">{constraints[t.sender_constrained].label}</FactRow>
          <FactRow label="Created">
            <When time={t.created_at} />
          </FactRow>
          <FactRow label="Changed">
            <When time={t.updated_at} />
          </FactRow>
        </Table.Tbody>
      </Table>
    </Section>
  );
}
