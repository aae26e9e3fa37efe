import { Stack, Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  label: string;
  children: ReactNode;
}

/** One thing that is known, under its label. */
export function Fact({ label, children }: Props) {
  return (
    <Stack gap={2} style={{ minWidth: 0 }}>
      <Text component="div" fz="sm" c="dimmed">
        {label}
      </Text>
      <div style={{ overflowWrap: 'anywhere' }}>{children}</div>
    </Stack>
  );
}

/** The same as a row of a table of facts. */
export function FactRow({ label, children }: Props) {
  return (
    <Table.Tr>
      <Table.Th scope="row" w={{ base: 130, sm: 180 }} fw={500} style={{ verticalAlign: 'top' }}>
        {label}
      </Table.Th>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>{children}</Table.Td>
    </Table.Tr>
  );
}
