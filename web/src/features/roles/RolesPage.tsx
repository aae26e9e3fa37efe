import { Button } from '@mantine/core';
import { IconPlus, IconUserShield } from '@tabler/icons-react';
import { useState } from 'react';
import { useList } from '@/api/list';
import { useCan } from '@/api/session';
import { Clip } from '@/ui/Clip';
import { CreateRole } from '@/ui/CreateRole';
import { Filters, Search } from '@/ui/filters';
import { ListTable } from '@/ui/ListTable';
import { LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { Empty } from '@/ui/states';
import type { NamesSearch, SetNamesSearch } from './search';

/** Named sets of actions: people hold them, and lend them to agents. */
export function RolesPage({ search: { q }, setSearch }: { search: NamesSearch; setSearch: SetNamesSearch }) {
  const can = useCan();
  const [creating, setCreating] = useState(false);
  const roles = useList('/roles', q ? { q } : {});
  const create = can('roles.write') ? () => setCreating(true) : undefined;
  return (
    <Page
      title="Roles"
      description="Named sets of actions. People hold roles and lend them, or a part of them, to agents."
      actions={
        create && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={create}>
            Create role
          </Button>
        )
      }
    >
      <Filters>
        <Search value={q} onChange={(v) => setSearch({ q: v })} placeholder="Name or description" />
      </Filters>
      <ListTable
        label="Roles"
        list={roles}
        keyOf={(r) => r.name}
        columns={[
          {
            header: 'Name',
            cell: (r) => (
              <LinkTo to="/access/roles/$name" params={{ name: r.name }} truncate display="block" title={r.name}>
                {r.name}
              </LinkTo>
            ),
          },
          { header: 'Description', optional: true, cell: (r) => <Clip text={r.description} /> },
          { header: 'Actions', width: 100, cell: (r) => r.actions.length.toLocaleString() },
        ]}
        empty={
          q ? (
            <Empty
              icon={IconUserShield}
              title="No role matches"
              action={
                <Button variant="default" onClick={() => setSearch({ q: undefined })}>
                  Clear search
                </Button>
              }
            />
          ) : (
            <Empty icon={IconUserShield} title="No roles yet" action={create && <Button onClick={create}>Create the first role</Button>}>
              A role bundles actions. Create one, then give it to the people who may lend it to agents.
            </Empty>
          )
        }
      />
      {creating && <CreateRole onClose={() => setCreating(false)} />}
    </Page>
  );
}
