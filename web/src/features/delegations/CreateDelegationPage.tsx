import { useQuery } from '@tanstack/react-query';
import { catalogueQuery } from '@/api/catalogue';
import { $api } from '@/api/client';
import { LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { FailureAlert, Loading } from '@/ui/states';
import { DelegationForm } from './DelegationForm';
import type { CreateDelegationSearch } from './search';

export function CreateDelegationPage({ search }: { search: CreateDelegationSearch }) {
  const me = $api.useQuery('get', '/me');
  const catalogue = useQuery(catalogueQuery);
  const preset = $api.useQuery(
    'get',
    '/agents/{client_id}',
    { params: { path: { client_id: search.client_id ?? '' } } },
    { enabled: Boolean(search.client_id) },
  );
  const failure = me.error ?? catalogue.error;
  const waiting = Boolean(search.client_id) && preset.isPending;
  return (
    <Page
      title="Create trust delegation"
      description="Lend an agent some of what a role may do. It acts for you, and you can take it back at any time."
      above={[
        <LinkTo key="list" to="/delegations">
          Trust Delegation
        </LinkTo>,
      ]}
    >
      {me.data && catalogue.data && !waiting ? (
        <>
          <FailureAlert failure={preset.error} title="The agent of this link could not be loaded" />
          <DelegationForm me={me.data} catalogue={catalogue.data} agent={preset.data} role={search.role} />
        </>
      ) : failure ? (
        <FailureAlert
          failure={failure}
          title="The form could not be loaded"
          retry={() => {
            void me.refetch();
            void catalogue.refetch();
          }}
        />
      ) : (
        <Loading lines={8} />
      )}
    </Page>
  );
}
