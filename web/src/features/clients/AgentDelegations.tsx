import { IconShieldShare } from '@tabler/icons-react';
import { useList } from '@/api/list';
import { useCan } from '@/api/session';
import type { Agent } from '@/api/types';
import { sayDuration } from '@/lib/duration';
import { DelegationStatus } from '@/ui/badges';
import { Clip } from '@/ui/Clip';
import { ListTable } from '@/ui/ListTable';
import { ButtonTo, LinkTo } from '@/ui/links';
import { Empty, Section } from '@/ui/states';
import { When } from '@/ui/When';

export function AgentDelegations({ agent }: { agent: Agent }) {
  const can = useCan();
  const delegations = useList('/delegations', { client_id: agent.client_id });
  const create = can('delegations.create') && (
    <ButtonTo to="/delegations/new" search={{ client_id: agent.client_id }} variant="default" size="xs">
      Create trust delegation
    </ButtonTo>
  );
  return (
    <Section title="Delegations" aside={delegations.items.length > 0 && create}>
      <ListTable
        label="Delegations of this agent"
        list={delegations}
        keyOf={(d) => d.id}
        columns={[
          {
            header: 'Role',
            cell: (d) => (
              <LinkTo to="/delegations/$id" params={{ id: d.id }} truncate display="block" title={d.role}>
                {d.role}
              </LinkTo>
            ),
          },
          { header: 'Delegated by', cell: (d) => <Clip text={d.delegator.name || d.delegator.email} /> },
          { header: 'Actions', cell: (d) => <Clip text={d.actions.join(', ')} />, optional: true },
          { header: 'Maximum', width: 110, optional: true, cell: (d) => sayDuration(d.max_duration_seconds) },
          { header: 'Status', width: 125, cell: (d) => <DelegationStatus status={d.status} /> },
          { header: 'Last used', width: 120, optional: true, cell: (d) => <When time={d.last_used_at} /> },
        ]}
        empty={
          <Empty
            icon={IconShieldShare}
            title={can('delegations.read_all') ? 'Nobody has lent it anything' : 'You have lent it nothing'}
            action={create || undefined}
          >
            {can('delegations.read_all')
              ? 'Without a trust delegation the agent gets no token.'
              : 'Without a trust delegation of yours it gets no token for you.'}
          </Empty>
        }
      />
    </Section>
  );
}
