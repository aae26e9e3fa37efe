import { useQuery } from '@tanstack/react-query';
import { catalogueQuery } from '@/api/catalogue';
import { $api, client } from '@/api/client';
import { useCan } from '@/api/session';
import { LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { FailureAlert, Loading } from '@/ui/states';
import { Enabled } from './Enabled';
import { kinds } from './kinds';
import { SourceActions } from './SourceActions';
import { SourceFacts } from './SourceFacts';
import { TestToken } from './TestToken';

/** One workload source: what it verifies, and what it makes of a token. */
export function SourcePage({ id }: { id: string }) {
  const can = useCan();
  const { data: source, error, refetch } = $api.useQuery('get', '/workload-sources/{id}', { params: { path: { id } } });
  const catalogue = useQuery(catalogueQuery).data;
  const above = [
    <LinkTo key="sources" to="/settings/workload-sources">
      Workload sources
    </LinkTo>,
  ];
  if (!source) {
    return (
      <Page title="Workload source" above={above}>
        {error ? <FailureAlert failure={error} retry={() => void refetch()} title="This source could not be loaded" /> : <Loading />}
      </Page>
    );
  }
  const writes = can('workload_sources.write');
  const test = async (token: string) => {
    const { data, error } = await client.POST('/workload-sources/{id}/test', { params: { path: { id } }, body: { token } });
    if (error) throw error;
    return data;
  };
  return (
    <Page
      title={source.name}
      badge={<Enabled enabled={source.enabled} />}
      description={kinds[source.kind].help}
      above={above}
      actions={writes && catalogue && <SourceActions source={source} catalogue={catalogue} />}
    >
      <SourceFacts source={source} platforms={catalogue?.platforms ?? []} />
      {writes && source.kind !== 'unix' && <TestToken key={source.updated_at} test={test} />}
    </Page>
  );
}
