import { IconUsers } from '@tabler/icons-react';
import { useList } from '@/api/list';
import { useCan } from '@/api/session';
import { ActiveStatus, Level } from '@/ui/badges';
import { Clip } from '@/ui/Clip';
import { ListTable } from '@/ui/ListTable';
import { ButtonTo, LinkTo } from '@/ui/links';
import { Empty, Section } from '@/ui/states';

/** Who holds the role and may lend it. */
export function RoleHolders({ role }: { role: string }) {
  const can = useCan();
  const users = useList('/users', { role });
  return (
    <Section title="Who holds it">
      <ListTable
        label="Users with this role"
        list={users}
        keyOf={(u) => u.id}
        columns={[
          {
            header: 'Name',
            cell: (u) => (
              <LinkTo to="/access/users/$id" params={{ id: u.id }} truncate display="block" title={u.name || u.email}>
                {u.name || u.email}
              </LinkTo>
            ),
          },
          { header: 'Email', optional: true, cell: (u) => <Clip text={u.email} /> },
          { header: 'Level', width: 125, optional: true, cell: (u) => <Level level={u.level} /> },
          { header: 'Status', width: 120, cell: (u) => <ActiveStatus status={u.status} /> },
        ]}
        empty={
          <Empty
            icon={IconUsers}
            title="Nobody holds this role"
            action={
              <ButtonTo to="/access/users" variant="default">
                Go to Users
              </ButtonTo>
            }
          >
            {can('users.write')
              ? 'Give it to those who may lend it to agents, on their own pages.'
              : 'Until an administrator gives it to somebody, only administrators can lend it to agents.'}
          </Empty>
        }
      />
    </Section>
  );
}
