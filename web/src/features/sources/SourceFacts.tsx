import { Stack, Table, Text } from '@mantine/core';
import type { Schema } from '@/api/types';
import { FactRow } from '@/ui/Fact';
import { Section } from '@/ui/states';
import { When } from '@/ui/When';
import { factsOf } from './facts';
import { kinds, type Source } from './kinds';

interface Props {
  source: Source;
  platforms: readonly Schema<'Platform'>[];
}

export function SourceFacts({ source, platforms }: Props) {
  const proves = source.proves.map((key) => platforms.find((p) => p.key === key)?.label ?? key).join(', ');
  const facts = [{ label: 'Kind', value: kinds[source.kind].label }, { label: 'Proves', value: proves }, ...factsOf(source)];
  const claims = source.oidc?.claims ?? [];
  return (
    <Section title="What it verifies">
      <Table variant="vertical" layout="fixed" aria-label="Settings">
        <Table.Tbody>
          {facts.map((f) => (
            <FactRow key={f.label} label={f.label}>
              {f.value}
            </FactRow>
          ))}
        </Table.Tbody>
      </Table>
      {claims.length > 0 && (
        <Table aria-label="Claims">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Claim</Table.Th>
              <Table.Th>Selector</Table.Th>
              <Table.Th>Pattern</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {claims.map((c) => (
              <Table.Tr key={`${c.claim} ${c.selector}`}>
                <Table.Td ff="monospace" style={{ overflowWrap: 'anywhere' }}>
                  {c.claim}
                </Table.Td>
                <Table.Td ff="monospace" style={{ overflowWrap: 'anywhere' }}>
                  {c.selector}
                </Table.Td>
                <Table.Td ff="monospace" style={{ overflowWrap: 'anywhere' }}>
                  {c.pattern ?? 'the whole value'}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <Stack gap={4}>
        <Text fz="sm" c="dimmed">
          Added <When time={source.created_at} />, changed <When time={source.updated_at} />
        </Text>
      </Stack>
    </Section>
  );
}
