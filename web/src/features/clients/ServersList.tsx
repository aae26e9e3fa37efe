import { Button } from '@mantine/core';
import { IconServer2 } from '@tabler/icons-react';
import { useList } from '@/api/list';
import { Clip } from '@/ui/Clip';
import { Filters, Search } from '@/ui/filters';
import { ListTable } from '@/ui/ListTable';
import { LinkTo } from '@/ui/links';
import { Empty } from '@/ui/states';
import { When } from '@/ui/When';
import type { ClientsSearch, SetClientsSearch } from './search';

interface Props {
  search: ClientsSearch;
  setSearch: SetClientsSearch;
  /** Opens the modal; absent for those who may not onboard. */
  onboard: (() => void) | undefined;
}

export function ServersList({ search: { q }, setSearch, onboard }: Props) {
  const servers = useList('/resources', q ? { q } : {});
  return (
    <>
      <Filters>
        <Search value={q} onChange={(v) => setSearch({ q: v })} placeholder="Name or URI" />
      </Filters>
      <ListTable
        label="MCP Servers"
        list={servers}
        keyOf={(s) => s.id}
        columns={[
          {
            header: 'Name',
            cell: (s) => (
              <LinkTo to="/clients/servers/$id" params={{ id: s.id }} truncate display="block" title={s.name}>
                {s.name}
              </LinkTo>
            ),
          },
          { header: 'Resource URI', cell: (s) => <Clip text={s.uri} /> },
          { header: 'Onboarded', width: 130, optional: true, cell: (s) => <When time={s.created_at} /> },
        ]}
        empty={
          q ? (
            <Empty
              icon={IconServer2}
              title="No MCP server matches"
              action={
                <Button variant="default" onClick={() => setSearch({ q: undefined })}>
                  Clear search
                </Button>
              }
            />
          ) : (
            <Empty
              icon={IconServer2}
              title="No MCP servers yet"
              action={onboard && <Button onClick={onboard}>Onboard an MCP server</Button>}
            >
              An MCP server, or any other API, accepts the tokens of agents. Delegations can then be limited to its URI.
            </Empty>
          )
        }
      />
    </>
  );
}
