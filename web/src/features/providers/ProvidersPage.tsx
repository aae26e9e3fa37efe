import { Button } from '@mantine/core';
import { IconUsersGroup } from '@tabler/icons-react';
import { useList } from '@/api/list';
import { useCan } from '@/api/session';
import { Enabled } from '@/ui/badges';
import { Clip } from '@/ui/Clip';
import { Filters, Search } from '@/ui/filters';
import { ListTable } from '@/ui/ListTable';
import { ButtonTo, LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { Empty } from '@/ui/states';
import { When } from '@/ui/When';
import type { ProvidersSearch } from './search';
import type { Provider } from './values';

interface Props {
  search: ProvidersSearch;
  setSearch: (change: ProvidersSearch) => void;
}

const uses = (p: Provider) => [p.audience ? 'Token exchange' : '', p.sign_in ? 'Sign-in' : ''].filter(Boolean).join(', ');

/** Where people sign in from. */
export function ProvidersPage({ search: { q }, setSearch }: Props) {
  const can = useCan();
  const providers = useList('/identity-providers', q ? { q } : {});
  const add = can('identity_providers.write') && <ButtonTo to="/settings/identity-providers/new">Add identity provider</ButtonTo>;
  return (
    <Page
      title="Identity providers"
      description="Where people sign in from. A person of an enabled provider can sign in to this console, or lend to agents by the delegation templates they meet."
      actions={add}
    >
      <Filters>
        <Search value={q} onChange={(text) => setSearch({ q: text })} placeholder="Name" />
      </Filters>
      <ListTable
        label="Identity providers"
        list={providers}
        keyOf={(p) => p.id}
        columns={[
          {
            header: 'Name',
            cell: (p) => (
              <LinkTo to="/settings/identity-providers/$id" params={{ id: p.id }}>
                <Clip text={p.name} />
              </LinkTo>
            ),
          },
          { header: 'Issuer', optional: true, cell: (p) => <Clip text={p.issuer} /> },
          { header: 'For', width: 190, optional: true, cell: uses },
          { header: 'Status', width: 110, cell: (p) => <Enabled enabled={p.enabled} /> },
          { header: 'Changed', width: 130, optional: true, cell: (p) => <When time={p.updated_at} /> },
        ]}
        empty={
          q ? (
            <Empty
              icon={IconUsersGroup}
              title="No identity provider matches"
              action={
                <Button variant="default" onClick={() => setSearch({ q: undefined })}>
                  Clear search
                </Button>
              }
            />
          ) : (
            <Empty icon={IconUsersGroup} title="There is no identity provider" action={add}>
              People sign in with a password, and lend by trust delegations that they create here themselves.
            </Empty>
          )
        }
      />
    </Page>
  );
}
