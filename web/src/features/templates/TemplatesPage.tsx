import { Button } from '@mantine/core';
import { IconPlus, IconTemplate } from '@tabler/icons-react';
import { useAll } from '@/api/all';
import { useList } from '@/api/list';
import { useCan } from '@/api/session';
import { sayDuration } from '@/lib/duration';
import { AgentFilter } from '@/ui/AgentFilter';
import { Enabled } from '@/ui/badges';
import { Clip } from '@/ui/Clip';
import { Filter, Filters, Search } from '@/ui/filters';
import { ListTable } from '@/ui/ListTable';
import { ButtonTo, LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { Empty } from '@/ui/states';
import type { TemplatesSearch } from './search';

interface Props {
  search: TemplatesSearch;
  setSearch: (change: TemplatesSearch) => void;
}

/** By which rules people who are present lend to agents. */
export function TemplatesPage({ search, setSearch }: Props) {
  const { q, client_id, identity_provider_id } = search;
  const can = useCan();
  const templates = useList('/delegation-templates', {
    ...(q ? { q } : {}),
    ...(client_id ? { client_id } : {}),
    ...(identity_provider_id ? { identity_provider_id } : {}),
  });
  const providers = useAll('/identity-providers').data ?? [];
  const filtered = Boolean(q || client_id || identity_provider_id);
  const add = can('delegation_templates.write') && (
    <ButtonTo to="/delegation-templates/new" search={{ client_id, identity_provider_id }} leftSection={<IconPlus size={16} aria-hidden />}>
      Add delegation template
    </ButtonTo>
  );
  return (
    <Page
      title="Delegation templates"
      description="Rules for people who are present: whoever signs in at an identity provider and meets the conditions lends a role's actions to an agent by token exchange. So one agent serves many people, each token naming its own."
      actions={add}
    >
      <Filters>
        <Search value={q} onChange={(v) => setSearch({ q: v })} placeholder="Name or role" />
        <AgentFilter value={client_id} onChange={(v) => setSearch({ client_id: v })} />
        <Filter
          label="Identity provider"
          value={identity_provider_id}
          choices={providers.map((p) => ({ value: p.id, label: p.name }))}
          onChange={(v: string | undefined) => setSearch({ identity_provider_id: v })}
        />
      </Filters>
      <ListTable
        label="Delegation templates"
        list={templates}
        keyOf={(t) => t.id}
        columns={[
          {
            header: 'Name',
            cell: (t) => (
              <LinkTo to="/delegation-templates/$id" params={{ id: t.id }} truncate display="block" title={t.name}>
                {t.name}
              </LinkTo>
            ),
          },
          { header: 'Agent', cell: (t) => <Clip text={t.agent.name} /> },
          { header: 'Identity provider', optional: true, cell: (t) => <Clip text={t.identity_provider.name} /> },
          { header: 'Role', optional: true, cell: (t) => <Clip text={t.role} /> },
          { header: 'Actions', width: '20%', yields: true, optional: true, cell: (t) => <Clip text={t.actions.join(', ')} /> },
          { header: 'Maximum', width: 110, optional: true, cell: (t) => sayDuration(t.max_duration_seconds) },
          { header: 'Status', width: 110, cell: (t) => <Enabled enabled={t.enabled} /> },
        ]}
        empty={
          filtered ? (
            <Empty
              icon={IconTemplate}
              title="No delegation template matches"
              action={
                <Button
                  variant="default"
                  onClick={() => setSearch({ q: undefined, client_id: undefined, identity_provider_id: undefined })}
                >
                  Clear search and filters
                </Button>
              }
            >
              Nothing has all of what you asked for.
            </Empty>
          ) : (
            <Empty icon={IconTemplate} title="No delegation templates yet" action={add || undefined}>
              Without one, an agent gets tokens by the trust delegations alone that people create themselves.
            </Empty>
          )
        }
      />
    </Page>
  );
}
