import { SegmentedControl, Stack, Text } from '@mantine/core';
import { lazy, Suspense, useId } from 'react';
import { useCan } from '@/api/session';
import { Page } from '@/ui/Page';
import { FailureAlert, Loading, Section } from '@/ui/states';
import { AgentsAtRisk } from './AgentsAtRisk';
import { Checklist } from './Checklist';
import { Counts } from './Counts';
import { allDone } from './checklist';
import { type Days, useOverview, windowLabels, windowOf, windows } from './overview';

// The drawing is most of the page's weight; the numbers need not wait for it.
const TokenCharts = lazy(() => import('./TokenCharts'));

export interface DashboardSearch {
  days?: Days | undefined;
}

export function DashboardPage({ search, setSearch }: { search: DashboardSearch; setSearch: (change: Partial<DashboardSearch>) => void }) {
  const days = search.days ?? 1;
  const can = useCan();
  const { data, error, refetch } = useOverview(days);
  return (
    <Page
      title="Dashboard"
      description="What agents do, and which of them need you."
      actions={<Window days={days} onChange={(next) => setSearch({ days: next === 1 ? undefined : next })} />}
    >
      {error && (
        <FailureAlert
          failure={error}
          retry={() => void refetch()}
          title={data ? 'The numbers could not be renewed' : 'The dashboard could not be loaded'}
        />
      )}
      {!data && !error && <Loading lines={8} />}
      {data && (
        <Stack gap="lg">
          {can('agents.write') && !allDone(data.checklist) && <Checklist done={data.checklist} />}
          <Counts overview={data} />
          <Section title="Tokens by agent">
            {data.series.length === 0 ? (
              <Text c="dimmed">No token was asked for in this time. The first one shows here within seconds.</Text>
            ) : (
              <Suspense fallback={<Loading lines={6} />}>
                <TokenCharts overview={data} window={windowOf(data)} />
              </Suspense>
            )}
          </Section>
          <AgentsAtRisk agents={data.at_risk} />
        </Stack>
      )}
    </Page>
  );
}

function Window({ days, onChange }: { days: Days; onChange: (days: Days) => void }) {
  const id = useId();
  return (
    <Stack gap={2}>
      <Text fz="sm" fw={500} id={id}>
        Time window
      </Text>
      <SegmentedControl
        aria-labelledby={id}
        value={String(days)}
        onChange={(value) => onChange(Number(value) as Days)}
        data={windows.map((w) => ({ value: String(w), label: windowLabels[w] }))}
      />
    </Stack>
  );
}
