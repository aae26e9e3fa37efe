import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { Box, SimpleGrid, Stack, Text } from '@mantine/core';
import type { Schema } from '@/api/types';
import { AgentTotals } from './AgentTotals';
import { NumbersByTime } from './NumbersByTime';
import { agentsOf, type Bucket, bucketLabel, bucketsOf, byWhom, type ChartAgent, type Measure } from './series';

const clip = (name: string) => (name.length > 40 ? `${name.slice(0, 39)}…` : name);

interface Props {
  overview: Schema<'Overview'>;
  window: string;
}

/** Issued and refused over time, stacked by agent; the same numbers stand in tables below. */
export default function TokenCharts({ overview, window }: Props) {
  const agents = agentsOf(overview.series);
  const buckets = bucketsOf(overview.series);
  const shared = { agents, buckets, bucketSeconds: overview.bucket_seconds, window };
  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <TokenChart measure="issued" title="Tokens issued" {...shared} />
        <TokenChart measure="refused" title="Tokens refused" {...shared} />
      </SimpleGrid>
      {overview.bucket_seconds >= 86_400 && (
        <Text fz="sm" c="dimmed">
          Days begin and end at midnight UTC; the first and the last are not whole.
        </Text>
      )}
      <AgentTotals agents={agents} />
      <NumbersByTime agents={agents} buckets={buckets} bucketSeconds={overview.bucket_seconds} />
    </Stack>
  );
}

function TokenChart({
  measure,
  title,
  agents,
  buckets,
  bucketSeconds,
  window,
}: {
  measure: Measure;
  title: string;
  agents: ChartAgent[];
  buckets: Bucket[];
  bucketSeconds: number;
  window: string;
}) {
  const shown = agents.filter((agent) => agent[measure] > 0);
  const total = shown.reduce((sum, agent) => sum + agent[measure], 0);
  const data = buckets.map((bucket) => ({
    time: bucketLabel(bucket.start, bucketSeconds),
    ...Object.fromEntries(shown.map((agent) => [agent.key, bucket.values[agent.key]?.[measure] ?? 0])),
  }));
  return (
    <div>
      <Text fw={500} mb="xs">
        {title}
      </Text>
      {total === 0 ? (
        <Text c="dimmed" fz="sm">
          None in the last {window}.
        </Text>
      ) : (
        <Box
          role="img"
          aria-label={`${title} in the last ${window}, by agent: ${total.toLocaleString()} ${byWhom(shown)}. The tables below have the numbers.`}
        >
          <BarChart
            h={220}
            data={data}
            dataKey="time"
            type="stacked"
            series={shown.map((agent) => ({ name: agent.key, label: clip(agent.name), color: agent.color }))}
            yAxisProps={{ allowDecimals: false, width: 44 }}
            xAxisProps={{ minTickGap: 24 }}
            valueFormatter={(value) => value.toLocaleString()}
            maxBarWidth={36}
            // It would be a tab stop that says nothing: the tables are its text.
            barChartProps={{ accessibilityLayer: false }}
            barProps={{ isAnimationActive: false }}
          />
        </Box>
      )}
    </div>
  );
}
