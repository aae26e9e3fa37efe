import { useQuery } from '@tanstack/react-query';
import { catalogueQuery } from '@/api/catalogue';
import { $api, client } from '@/api/client';
import { useCan } from '@/api/session';
import { Enabled } from '@/ui/badges';
import { LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { Absent, isThere, Outdated } from '@/ui/thing';
import { kinds } from './kinds';
import { SourceActions } from './SourceActions';
import { SourceFacts } from './SourceFacts';
import { TestToken } from './TestToken';

/** One workload source: what it verifies, and what it makes of a token. */
export function SourcePage({ id }: { id: string }) {
  const can = useCan();
  const query = $api.useQuery('get', '/workload-sources/{id}', { params: { path: { id } } });
  const catalogue = useQuery(catalogueQuery).data;
  const above = [
    <LinkTo key="sources" to="/settings/workload-sources">
      Workload sources
    </LinkTo>,
  ];
  if (!isThere(query)) {
    return (
      <Page title="Workload source" above={above}>
        <Absent query={query} what="source" />
      </Page>
    );
  }
  const source = query.data;
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
      <Outdated query={query} what="source" />
      <SourceFacts source={source} platforms={catalogue?.platforms ?? []} />
      {writes && source.kind !== 'unix' && <TestToken key={source.updated_at} test={test} />}
    </Page>
  );
}
