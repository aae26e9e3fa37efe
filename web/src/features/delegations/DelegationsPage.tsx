import { Button, Group } from '@mantine/core';
import { IconPlus, IconShieldShare } from '@tabler/icons-react';
import { useAll } from '@/api/all';
import { $api } from '@/api/client';
import { useList } from '@/api/list';
import { useCan } from '@/api/session';
import { sayDuration } from '@/lib/duration';
import { DelegationStatus, MadeByTemplate } from '@/ui/badges';
import { Clip } from '@/ui/Clip';
import { Filter, Filters, Fixed, Search } from '@/ui/filters';
import { ListTable } from '@/ui/ListTable';
import { ButtonTo, LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { Empty } from '@/ui/states';
import { When } from '@/ui/When';
import type { DelegationsSearch } from './search';

interface Props {
  search: DelegationsSearch;
  setSearch: (change: Partial<DelegationsSearch>) => void;
}

export function DelegationsPage({ search, setSearch }: Props) {
  const { q, status, role, client_id } = search;
  const can = useCan();
  const delegations = useList('/delegations', {
    ...(q ? { q } : {}),
    ...(status ? { status } : {}),
    ...(role ? { role } : {}),
    ...(client_id ? { client_id } : {}),
  });
  const agent = $api.useQuery(
    'get',
    '/agents/{client_id}',
    { params: { path: { client_id: client_id ?? '' } } },
    { enabled: client_id !== undefined },
  );
  const roles = useAll('/roles');
  const names = [...new Set([...(roles.data ?? []).map((r) => r.name), ...(role ? [role] : [])])];
  const filtered = Boolean(q || status || role || client_id);
  const clear = () => setSearch({ q: undefined, status: undefined, role: undefined, client_id: undefined });
  const create = can('delegations.create') && (
    <ButtonTo to="/delegations/new" leftSection={<IconPlus size={16} aria-hidden />}>
      Create trust delegation
    </ButtonTo>
  );
  return (
    <Page
      title="Trust Delegation"
      description={
        can('delegations.read_all')
          ? 'What people lend to agents: which actions of a role, and for how long at a time.'
          : 'What you lend to agents: which actions of a role, and for how long at a time.'
      }
      actions={create}
    >
      <Filters>
        <Search value={q} onChange={(v) => setSearch({ q: v })} placeholder="Agent, role or person" />
        <Filter
          label="Status"
          value={status}
          choices={[
            { value: 'active', label: 'Active' },
            { value: 'disabled', label: 'Disabled' },
            { value: 'revoked', label: 'Revoked' },
            { value: 'ended', label: 'Ended' },
          ]}
          onChange={(v) => setSearch({ status: v })}
        />
        <Filter
          label="Role"
          value={role}
          choices={names.map((name) => ({ value: name, label: name }))}
          onChange={(v) => setSearch({ role: v })}
        />
        {client_id && <Fixed label="Agent" text={agent.data?.name ?? client_id} onClear={() => setSearch({ client_id: undefined })} />}
      </Filters>
      <ListTable
        label="Trust delegations"
        list={delegations}
        keyOf={(d) => d.id}
        highlight={search.new}
        columns={[
          {
            header: 'Agent',
            cell: (d) => (
              <LinkTo to="/delegations/$id" params={{ id: d.id }} truncate display="block" title={d.agent.name}>
                {d.agent.name}
              </LinkTo>
            ),
          },
          {
            header: 'Role',
            cell: (d) => (
              <Group gap={6} wrap="nowrap">
                <Clip text={d.role} />
                {d.template && <MadeByTemplate />}
              </Group>
            ),
          },
          { header: 'Delegated by', optional: true, cell: (d) => <Clip text={d.delegator.name || d.delegator.email} /> },
          { header: 'Actions', width: '20%', yields: true, optional: true, cell: (d) => <Clip text={d.actions.join(', ')} /> },
          { header: 'Maximum', width: 110, optional: true, cell: (d) => sayDuration(d.max_duration_seconds) },
          { header: 'Status', width: 110, cell: (d) => <DelegationStatus status={d.status} /> },
          { header: 'Last used', width: 120, optional: true, cell: (d) => <When time={d.last_used_at} /> },
          { header: 'Ends', width: 110, optional: true, cell: (d) => <When time={d.ends_at} never="no end" /> },
        ]}
        empty={
          filtered ? (
            <Empty
              icon={IconShieldShare}
              title="No delegation matches"
              action={
                <Button variant="default" onClick={clear}>
                  Clear search and filters
                </Button>
              }
            >
              Nothing has all of what you asked for.
            </Empty>
          ) : (
            <Empty icon={IconShieldShare} title="No trust delegations yet" action={create || undefined}>
              {create
                ? 'Create one: it says which actions of a role an agent may use for you. Without one an agent gets no token.'
                : 'Without a trust delegation an agent gets no token.'}
            </Empty>
          )
        }
      />
    </Page>
  );
}
