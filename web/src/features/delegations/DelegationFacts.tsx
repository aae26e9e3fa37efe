import { Alert, Table, Text } from '@mantine/core';
import { IconBan } from '@tabler/icons-react';
import { Fragment } from 'react';
import { useCan } from '@/api/session';
import type { Delegation } from '@/api/types';
import { sayDuration } from '@/lib/duration';
import { formatTime } from '@/lib/time';
import { CopyValue } from '@/ui/copy';
import { ActionNames } from '@/ui/Explained';
import { FactRow } from '@/ui/Fact';
import { LinkTo } from '@/ui/links';
import { constraints } from '@/ui/SenderConstraint';
import { Section } from '@/ui/states';
import { When } from '@/ui/When';

/** Why it gives nothing at the moment, and who can change that. */
function Stopped({ delegation: d }: { delegation: Delegation }) {
  if (d.status === 'active') return null;
  const by = [d.disabled_by_admin && 'an administrator', d.disabled_by_delegator && 'its delegator'].filter((w) => w !== false);
  const text = {
    revoked: `Revoked${d.revoked_at ? ` on ${formatTime(d.revoked_at)}` : ''}, for good${d.revoke_reason ? `: ${d.revoke_reason}` : '.'}`,
    ended: 'Its end date has passed. Its delegator can move the date.',
    disabled: `Disabled by ${by.join(' and by ')}: no tokens until ${by.length > 1 ? 'both enable it' : 'it is enabled'} again.`,
  }[d.status];
  return (
    <Alert color={d.status === 'disabled' ? 'yellow' : 'red'} icon={<IconBan />} style={{ overflowWrap: 'anywhere' }}>
      {text}
    </Alert>
  );
}

function MadeBy({ template: { id, name } }: { template: NonNullable<Delegation['template']> }) {
  const can = useCan();
  if (name === null) return 'A delegation template that is deleted: it gives nothing any more.';
  if (!can('delegation_templates.read')) return name;
  return (
    <LinkTo to="/delegation-templates/$id" params={{ id }}>
      {name}
    </LinkTo>
  );
}

export function DelegationFacts({ delegation: d }: { delegation: Delegation }) {
  return (
    <Section title="What was lent">
      <Stopped delegation={d} />
      <Table layout="fixed" variant="vertical" aria-label="What was lent">
        <Table.Tbody>
          <FactRow label="Agent">
            <LinkTo to="/clients/agents/$clientId" params={{ clientId: d.client_id }}>
              {d.agent.name}
            </LinkTo>
          </FactRow>
          {d.template && (
            <FactRow label="Template">
              <MadeBy template={d.template} />
              <Text fz="sm">It works while its person is present, or by a token that was issued while they were.</Text>
            </FactRow>
          )}
          <FactRow label="Role">
            <LinkTo to="/access/roles/$name" params={{ name: d.role }}>
              {d.role}
            </LinkTo>
          </FactRow>
          <FactRow label="Delegated by">
            {d.delegator.name}{' '}
            <Text span c="dimmed" inherit>
              {d.delegator.email}
            </Text>
          </FactRow>
          <FactRow label="Allowed Actions">
            <ActionNames names={d.actions} />
          </FactRow>
          <FactRow label="Maximum Duration">{sayDuration(d.max_duration_seconds)} a token</FactRow>
          <FactRow label="Audiences">{d.resources.length > 0 ? d.resources.join(', ') : 'the default audience of the server'}</FactRow>
          <FactRow label="End date">{d.ends_at ? formatTime(d.ends_at) : 'open-ended'}</FactRow>
          <FactRow label="Sub-agents">
            {d.sub_agents.length === 0 && 'nobody'}
            {d.sub_agents.map((a, i) => (
              <Fragment key={a.client_id}>
                {i > 0 && ', '}
                <LinkTo to="/clients/agents/$clientId" params={{ clientId: a.client_id }}>
                  {a.name}
                </LinkTo>
              </Fragment>
            ))}
          </FactRow>
          <FactRow label="Sender-constrained tokens">{constraints[d.sender_constrained].label}</FactRow>
          <FactRow label="Last used">
            <When time={d.last_used_at} />
          </FactRow>
          <FactRow label="Created">
            <When time={d.created_at} />
          </FactRow>
          <FactRow label="Delegation ID">
            <CopyValue value={d.id} label="Delegation ID" />
          </FactRow>
        </Table.Tbody>
      </Table>
    </Section>
  );
}
