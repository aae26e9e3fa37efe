import { Button, ScrollArea, Stack, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconTable } from '@tabler/icons-react';
import { Clip } from '@/ui/Clip';
import { type Bucket, bucketLabel, type ChartAgent } from './series';

/** The charts as a table, for those who do not see them or want the number. */
export function NumbersByTime({ agents, buckets, bucketSeconds }: { agents: ChartAgent[]; buckets: Bucket[]; bucketSeconds: number }) {
  const [opened, { toggle }] = useDisclosure(false);
  return (
    <Stack gap="xs" align="flex-start">
      <Button variant="default" size="xs" leftSection={<IconTable size={16} aria-hidden />} onClick={toggle} aria-expanded={opened}>
        {opened ? 'Hide the numbers over time' : 'Show the numbers over time'}
      </Button>
      {opened && (
        <ScrollArea.Autosize
          mah={360}
          w="100%"
          type="auto"
          viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'Tokens over time' }}
        >
          <Table aria-label="Tokens over time, by agent" stickyHeader>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Time</Table.Th>
                {agents.map((agent) => (
                  <Table.Th key={agent.key} maw={180}>
                    <Clip text={agent.name} />
                    <Text span fz="xs" c="dimmed">
                      issued / refused
                    </Text>
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {buckets.map((bucket) => (
                <Table.Tr key={bucket.start}>
                  <Table.Th scope="row" fw={400} style={{ whiteSpace: 'nowrap' }}>
                    {bucketLabel(bucket.start, bucketSeconds)}
                  </Table.Th>
                  {agents.map((agent) => {
                    const { issued, refused } = bucket.values[agent.key] ?? { issued: 0, refused: 0 };
                    return (
                      <Table.Td key={agent.key} style={{ fontVariantNumeric: 'tabular-nums' }}>
                        {issued.toLocaleString()} / {refused.toLocaleString()}
                      </Table.Td>
                    );
                  })}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </ScrollArea.Autosize>
      )}
    </Stack>
  );
}
