import { Button } from '@mantine/core';
import { IconUsers } from '@tabler/icons-react';
import { useAll } from '@/api/all';
import { useList } from '@/api/list';
import type { Schema } from '@/api/types';
import { ActiveStatus, Level } from '@/ui/badges';
import { Clip } from '@/ui/Clip';
import { type Choice, Filter, Filters, Search } from '@/ui/filters';
import { ListTable } from '@/ui/ListTable';
import { LinkTo } from '@/ui/links';
import { Empty } from '@/ui/states';
import { When } from '@/ui/When';
import { levels } from './levels';
import type { SetUsersSearch, UsersSearch } from './search';

const statuses: readonly Choice<Schema<'UserStatus'>>[] = [
  { value: 'active', label: 'Active' },
  { value: 'suspended', label: 'Suspended' },
];

interface Props {
  search: UsersSearch;
  setSearch: SetUsersSearch;
  /** Absent for those who may not. */
  create: (() => void) | undefined;
}

export function UsersList({ search: { q, level, status, role }, setSearch, create }: Props) {
  const users = useList('/users', {
    ...(q ? { q } : {}),
    ...(level ? { level } : {}),
    ...(status ? { status } : {}),
    ...(role ? { role } : {}),
  });
  const { data: all = [] } = useAll('/roles');
  // A role from the address shows even before, or without, its being in the list.
  const roles = [...new Set([...all.map(({ name }) => name), ...(role ? [role] : [])])].map((name) => ({ value: name, label: name }));
  const filtered = q || level || status || role;
  return (
    <>
      <Filters>
        <Search value={q} onChange={(v) => setSearch({ q: v })} placeholder="Name or email" />
        <Filter label="Level" value={level} choices={levels} onChange={(v) => setSearch({ level: v })} />
        <Filter label="Status" value={status} choices={statuses} onChange={(v) => setSearch({ status: v })} />
        <Filter label="Role" value={role} choices={roles} onChange={(v) => setSearch({ role: v })} />
      </Filters>
      <ListTable
        label="Users"
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
          { header: 'Email', cell: (u) => <Clip text={u.email} /> },
          { header: 'Level', width: 125, optional: true, cell: (u) => <Level level={u.level} /> },
          { header: 'Roles', optional: true, cell: (u) => <Clip text={u.roles.join(', ')} /> },
          { header: 'Status', width: 120, cell: (u) => <ActiveStatus status={u.status} /> },
          { header: 'Last sign-in', width: 130, optional: true, cell: (u) => <When time={u.last_sign_in_at} /> },
        ]}
        empty={
          filtered ? (
            <Empty
              icon={IconUsers}
              title="No user matches"
              action={
                <Button variant="default" onClick={() => setSearch({ q: undefined, level: undefined, status: undefined, role: undefined })}>
                  Clear filters
                </Button>
              }
            />
          ) : (
            <Empty icon={IconUsers} title="No users yet" action={create && <Button onClick={create}>Create the first user</Button>}>
              Create those who lend roles to agents, and those who look after this server.
            </Empty>
          )
        }
      />
    </>
  );
}
