import { IconShieldShare } from '@tabler/icons-react';
import { useList } from '@/api/list';
import type { Schema } from '@/api/types';
import { sayDuration } from '@/lib/duration';
import { DelegationStatus } from '@/ui/badges';
import { Clip } from '@/ui/Clip';
import { ListTable } from '@/ui/ListTable';
import { LinkTo } from '@/ui/links';
import { Empty, Section } from '@/ui/states';
import { When } from '@/ui/When';

export function UserDelegations({ user }: { user: Schema<'User'> }) {
  const delegations = useList('/delegations', { delegator: user.id });
  return (
    <Section title="Delegations">
      <ListTable
        label="What they have lent"
        list={delegations}
        keyOf={(d) => d.id}
        columns={[
          {
            header: 'Agent',
            cell: (d) => (
              <LinkTo to="/delegations/$id" params={{ id: d.id }} truncate display="block" title={d.agent.name}>
                {d.agent.name}
              </LinkTo>
            ),
          },
          { header: 'Role', cell: (d) => <Clip text={d.role} /> },
          { header: 'Actions', optional: true, cell: (d) => <Clip text={d.actions.join(', ')} /> },
          { header: 'Maximum', width: 110, optional: true, cell: (d) => sayDuration(d.max_duration_seconds) },
          { header: 'Status', width: 110, cell: (d) => <DelegationStatus status={d.status} /> },
          { header: 'Last used', width: 120, optional: true, cell: (d) => <When time={d.last_used_at} /> },
        ]}
        empty={
          <Empty icon={IconShieldShare} title="They have lent nothing">
            Trust delegations that this person creates stand here.
          </Empty>
        }
      />
    </Section>
  );
}
