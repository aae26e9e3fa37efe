import { Button, Stack } from '@mantine/core';
import { IconHistory, IconSearchOff } from '@tabler/icons-react';
import { useList } from '@/api/list';
import { useCan } from '@/api/session';
import { ListTable } from '@/ui/ListTable';
import { Page } from '@/ui/Page';
import { Empty } from '@/ui/states';
import { ActivityFilters } from './ActivityFilters';
import { useAgentNames } from './agents';
import { ChainStatus } from './ChainStatus';
import { columns } from './columns';
import { EventDetails } from './EventDetails';
import { ExportMenu } from './ExportMenu';
import { LiveTail } from './LiveTail';
import { type ActivitySearch, type Change, isFiltered, noFilters, queryOf } from './search';
import { useTail } from './use-tail';

export function ActivityPage({ search, setSearch }: { search: ActivitySearch; setSearch: Change }) {
  const can = useCan();
  const query = queryOf(search);
  const list = useList('/audit-events', query);
  const tailFailure = useTail(query, search.live ?? false);
  const agentName = useAgentNames();
  const everything = can('audit.read_all');
  return (
    <Page
      title="Activity"
      description={
        everything
          ? 'Everything that was done and refused, by whom, newest first.'
          : 'What concerns your delegations, and what you did yourself, newest first.'
      }
      actions={<ExportMenu query={query} />}
    >
      <Stack gap="md">
        {everything && <ChainStatus />}
        <ActivityFilters search={search} setSearch={setSearch} />
        <LiveTail live={search.live ?? false} failed={tailFailure !== null} onChange={(live) => setSearch({ live: live || undefined })} />
        <ListTable
          label="Activity"
          list={list}
          columns={columns(agentName)}
          keyOf={(event) => String(event.seq)}
          details={{
            render: (event) => <EventDetails event={event} agentName={agentName} />,
            name: (event) => `event ${event.seq}, ${event.action}`,
          }}
          empty={isFiltered(search) ? <NoMatch clear={() => setSearch(noFilters)} /> : <Nothing />}
        />
      </Stack>
    </Page>
  );
}

function NoMatch({ clear }: { clear: () => void }) {
  return (
    <Empty icon={IconSearchOff} title="No event matches" action={<Button onClick={clear}>Clear filters</Button>}>
      Widen the time range, or clear the filters.
    </Empty>
  );
}

function Nothing() {
  return (
    <Empty icon={IconHistory} title="Nothing has happened yet">
      Sign-ins, changes, tokens and refusals show here as they happen.
    </Empty>
  );
}
