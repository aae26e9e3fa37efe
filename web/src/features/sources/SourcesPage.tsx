import { Button } from '@mantine/core';
import { IconShieldCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { catalogueQuery } from '@/api/catalogue';
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
import { kinds } from './kinds';
import { PlatformNeeds } from './PlatformNeeds';
import type { SourcesSearch } from './search';

interface Props {
  search: SourcesSearch;
  setSearch: (change: SourcesSearch) => void;
}

/** What proves workloads here, and what each platform needs. */
export function SourcesPage({ search: { q }, setSearch }: Props) {
  const can = useCan();
  const sources = useList('/workload-sources', q ? { q } : {});
  const platforms = useQuery(catalogueQuery).data?.platforms ?? [];
  const label = (key: string) => platforms.find((p) => p.key === key)?.label ?? key;
  const add = can('workload_sources.write') && <ButtonTo to="/settings/workload-sources/new">Add workload source</ButtonTo>;
  return (
    <Page
      title="Workload sources"
      description="Where proof of a workload comes from: a cluster, a SPIFFE trust domain, an OpenID Connect issuer, this machine. What an enabled source proves decides which agent gets tokens."
      actions={add}
    >
      <Filters>
        <Search value={q} onChange={(text) => setSearch({ q: text })} placeholder="Name" />
      </Filters>
      <ListTable
        label="Workload sources"
        list={sources}
        keyOf={(s) => s.id}
        columns={[
          {
            header: 'Name',
            cell: (s) => (
              <LinkTo to="/settings/workload-sources/$id" params={{ id: s.id }}>
                <Clip text={s.name} />
              </LinkTo>
            ),
          },
          { header: 'Kind', width: 150, cell: (s) => kinds[s.kind].label },
          { header: 'Proves', optional: true, cell: (s) => <Clip text={s.proves.map(label).join(', ')} /> },
          { header: 'Status', width: 110, cell: (s) => <Enabled enabled={s.enabled} /> },
          { header: 'Changed', width: 130, optional: true, cell: (s) => <When time={s.updated_at} /> },
        ]}
        empty={
          q ? (
            <Empty
              icon={IconShieldCheck}
              title="No workload source matches"
              action={
                <Button variant="default" onClick={() => setSearch({ q: undefined })}>
                  Clear search
                </Button>
              }
            />
          ) : (
            <Empty icon={IconShieldCheck} title="There is no workload source" action={add}>
              Without one, only agents with a client secret or a key of their own can prove themselves.
            </Empty>
          )
        }
      />
      {platforms.length > 0 && <PlatformNeeds platforms={platforms} />}
    </Page>
  );
}
