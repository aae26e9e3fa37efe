import { Badge, Table, Text } from '@mantine/core';
import type { Change } from './diff';

const kinds: Record<Change['kind'], [string, string]> = {
  added: ['teal', 'Added'],
  removed: ['red', 'Removed'],
  changed: ['blue', 'Changed'],
};

const wrap = { overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' } as const;

function Value({ text }: { text: string | undefined }) {
  if (text === undefined) return null;
  return (
    <Text span fz="sm" ff="monospace" style={wrap}>
      {text === '' ? '""' : text}
    </Text>
  );
}

/** What a change replaced and made. */
export function ChangesTable({ changes }: { changes: Change[] }) {
  if (changes.length === 0) return <Text fz="sm">Nothing was different afterwards.</Text>;
  return (
    <Table aria-label="Changes" withTableBorder layout="fixed">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w={120}>Change</Table.Th>
          <Table.Th>Field</Table.Th>
          <Table.Th>Before</Table.Th>
          <Table.Th>After</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {changes.map(({ path, kind, before, after }, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a path can stand twice, and the list never changes
          <Table.Tr key={i}>
            <Table.Td>
              <Badge variant="light" c="var(--mantine-color-text)" radius="sm" tt="none" color={kinds[kind][0]}>
                {kinds[kind][1]}
              </Badge>
            </Table.Td>
            <Table.Td>
              <Value text={path} />
            </Table.Td>
            <Table.Td>
              <Value text={before} />
            </Table.Td>
            <Table.Td>
              <Value text={after} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** Further details, leaf by leaf. */
export function ValuesTable({ values }: { values: Change[] }) {
  if (values.length === 0) return null;
  return (
    <Table aria-label="Details" withTableBorder layout="fixed">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w="35%">Detail</Table.Th>
          <Table.Th>Value</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {values.map(({ path, after }, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a path can stand twice, and the list never changes
          <Table.Tr key={i}>
            <Table.Td>
              <Value text={path} />
            </Table.Td>
            <Table.Td>
              <Value text={after} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
