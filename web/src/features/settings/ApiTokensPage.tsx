import { Button, Text } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { useList } from '@/api/list';
import { useCan, useSession } from '@/api/session';
import type { Schema } from '@/api/types';
import { Clip } from '@/ui/Clip';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { Filters, Search } from '@/ui/filters';
import { ListTable } from '@/ui/ListTable';
import { Page } from '@/ui/Page';
import { SecretDialog } from '@/ui/SecretDialog';
import { Empty } from '@/ui/states';
import { When } from '@/ui/When';
import { CreateApiToken } from './CreateApiToken';
import type { ApiTokensSearch, SetApiTokensSearch } from './search';
import { Whose } from './Whose';

/** Tokens for programs that use the administration API. */
export function ApiTokensPage({ search, setSearch }: { search: ApiTokensSearch; setSearch: SetApiTokensSearch }) {
  const can = useCan();
  const readAll = can('api_tokens.read_all');
  const [creating, setCreating] = useState(false);
  const [secret, setSecret] = useState<string>();
  const [ending, setEnding] = useState<Schema<'ApiToken'>>();
  const changed = useChanged();
  const create = can('api_tokens.create') ? () => setCreating(true) : undefined;

  const end = async () => {
    if (!ending) return;
    const { error } = await client.DELETE('/api-tokens/{id}', { params: { path: { id: ending.id } } });
    if (error) throw error;
    await changed();
  };

  return (
    <Page
      title="API tokens"
      description="For programs that use the administration API, such as Terraform or a pipeline. A token may do what its owner may, and ends with the owner."
      actions={create && <Button onClick={create}>Create API token</Button>}
    >
      <Filters>
        <Search value={search.q} onChange={(q) => setSearch({ q })} placeholder="Name" />
        {readAll && <Whose userId={search.user_id} onChange={(user_id) => setSearch({ user_id })} />}
      </Filters>
      <TokensTable search={readAll ? search : { q: search.q }} setSearch={setSearch} create={create} onEnd={setEnding} />
      <CreateApiToken
        opened={creating}
        onClose={() => setCreating(false)}
        onMade={(token) => {
          setCreating(false);
          setSecret(token);
          void changed();
        }}
      />
      <SecretDialog secret={secret} title="API token created" label="API token" onClose={() => setSecret(undefined)}>
        <Text fz="sm">Send it as “Authorization: Bearer …”. Keep it in a secret store, never in code.</Text>
      </SecretDialog>
      <ConfirmDialog
        opened={ending !== undefined}
        onClose={() => setEnding(undefined)}
        title={`End ${ending?.name ?? 'the token'}?`}
        confirm="End token"
        act={end}
      >
        Whatever uses it is refused from this moment. This cannot be undone; a new token would have another value.
      </ConfirmDialog>
    </Page>
  );
}

interface TableProps {
  search: ApiTokensSearch;
  setSearch: SetApiTokensSearch;
  /** Opens the modal; absent for those who may not create one. */
  create: (() => void) | undefined;
  onEnd: (token: Schema<'ApiToken'>) => void;
}

function TokensTable({ search: { q, user_id }, setSearch, create, onEnd }: TableProps) {
  const can = useCan();
  const { user } = useSession();
  const tokens = useList('/api-tokens', { ...(q ? { q } : {}), ...(user_id ? { user_id } : {}) });
  // The API's rule: your own; an administrator, anyone's.
  const mayEnd = (t: Schema<'ApiToken'>) => t.user.id === user.id || can('users.write');
  const own = !user_id || user_id === user.id;
  return (
    <ListTable
      label="API tokens"
      list={tokens}
      keyOf={(t) => t.id}
      columns={[
        { header: 'Name', cell: (t) => <Clip text={t.name} /> },
        { header: 'Owner', optional: true, cell: (t) => <Clip text={t.user.name || t.user.email} /> },
        { header: 'Created', width: 130, optional: true, cell: (t) => <When time={t.created_at} /> },
        { header: 'Expires', width: 130, cell: (t) => <When time={t.expires_at} /> },
        { header: 'Last used', width: 130, optional: true, cell: (t) => <When time={t.last_used_at} /> },
        {
          header: 'End',
          width: 80,
          cell: (t) =>
            mayEnd(t) && (
              <Button size="compact-sm" variant="default" onClick={() => onEnd(t)} aria-label={`End ${t.name}`}>
                End
              </Button>
            ),
        },
      ]}
      empty={
        q ? (
          <Empty
            icon={IconKey}
            title="No API token matches"
            action={
              <Button variant="default" onClick={() => setSearch({ q: undefined })}>
                Clear search
              </Button>
            }
          />
        ) : (
          <Empty
            icon={IconKey}
            title={own ? 'You have no API tokens' : 'This user has no API tokens'}
            action={own && create && <Button onClick={create}>Create API token</Button>}
          >
            {own && (create ? 'A program needs one to use the administration API.' : 'Administrators and members can create them.')}
          </Empty>
        )
      }
    />
  );
}
