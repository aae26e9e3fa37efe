import { Button } from '@mantine/core';
import { IconRobot } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { catalogueQuery } from '@/api/catalogue';
import { useList } from '@/api/list';
import { ActiveStatus, Attestation } from '@/ui/badges';
import { Clip } from '@/ui/Clip';
import { Filter, Filters, Search } from '@/ui/filters';
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

export function AgentsList({ search, setSearch, onboard }: Props) {
  const { q, type, platform, attestation, status } = search;
  const agents = useList('/agents', {
    ...(q ? { q } : {}),
    ...(type ? { type } : {}),
    ...(platform ? { platform } : {}),
    ...(attestation ? { attestation } : {}),
    ...(status ? { status } : {}),
  });
  const { data: catalogue } = useQuery(catalogueQuery);
  const platformLabel = (key: string) => catalogue?.platforms.find((p) => p.key === key)?.label ?? key;
  const filtered = Boolean(q || type || platform || attestation || status);
  const clear = () => setSearch({ q: undefined, type: undefined, platform: undefined, attestation: undefined, status: undefined });

  return (
    <>
      <Filters>
        <Search value={q} onChange={(v) => setSearch({ q: v })} placeholder="Name or Client ID" />
        <Filter
          label="Type"
          value={type}
          choices={catalogue?.agent_types ?? []}
          onChange={(v: string | undefined) => setSearch({ type: v })}
        />
        <Filter
          label="Platform"
          value={platform}
          choices={catalogue?.platforms.map((p) => ({ value: p.key, label: p.label })) ?? []}
          onChange={(v: string | undefined) => setSearch({ platform: v })}
        />
        <Filter
          label="Attestation"
          value={attestation}
          choices={[
            { value: 'required', label: 'Required' },
            { value: 'permissive', label: 'Permissive' },
          ]}
          onChange={(v) => setSearch({ attestation: v })}
        />
        <Filter
          label="Status"
          value={status}
          choices={[
            { value: 'active', label: 'Active' },
            { value: 'suspended', label: 'Suspended' },
          ]}
          onChange={(v) => setSearch({ status: v })}
        />
      </Filters>
      <ListTable
        label="AI Agents"
        list={agents}
        keyOf={(a) => a.client_id}
        columns={[
          {
            header: 'Name',
            cell: (a) => (
              <LinkTo to="/clients/agents/$clientId" params={{ clientId: a.client_id }} truncate display="block" title={a.name}>
                {a.name}
              </LinkTo>
            ),
          },
          { header: 'Type', width: 190, optional: true, cell: (a) => <Clip text={a.type_label} /> },
          { header: 'Platform', width: 130, optional: true, cell: (a) => <Clip text={platformLabel(a.platform)} /> },
          { header: 'Attestation', width: 155, cell: (a) => <Attestation mode={a.attestation} /> },
          { header: 'Status', width: 140, cell: (a) => <ActiveStatus status={a.status} /> },
          { header: 'Last token', width: 130, optional: true, cell: (a) => <When time={a.last_token_at} /> },
        ]}
        empty={
          filtered ? (
            <Empty
              icon={IconRobot}
              title="No agent matches"
              action={
                <Button variant="default" onClick={clear}>
                  Clear search and filters
                </Button>
              }
            >
              Nothing has all of what you asked for.
            </Empty>
          ) : (
            <Empty
              icon={IconRobot}
              title="No AI agents yet"
              action={onboard && <Button onClick={onboard}>Onboard your first agent</Button>}
            >
              {onboard
                ? 'Onboard one: it gets a Client ID, and then people can lend it some of their roles.'
                : 'An administrator onboards agents; then people can lend them some of their roles.'}
            </Empty>
          )
        }
      />
    </>
  );
}
