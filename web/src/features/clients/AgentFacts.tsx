import { Alert, Grid, Stack, Table } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { Agent, Catalogue } from '@/api/types';
import { Attestation } from '@/ui/badges';
import { CopyValue } from '@/ui/copy';
import { Fact } from '@/ui/Fact';
import { Section } from '@/ui/states';
import { When } from '@/ui/When';
import { outlook } from './attestation';

/** Who the agent is and what proves it. */
export function AgentFacts({ agent, catalogue, editable }: { agent: Agent; catalogue: Catalogue | undefined; editable: boolean }) {
  const platform = catalogue?.platforms.find((p) => p.key === agent.platform);
  const ahead = platform && catalogue && outlook(platform, agent.attestation_chosen ? agent.attestation : null, catalogue.server);
  return (
    <Stack gap="md">
      {agent.attestation === 'permissive' && (
        <Alert color="red" title="This agent is not attested" icon={<IconAlertTriangle aria-hidden />} c="var(--mantine-color-text)">
          {ahead?.text}{' '}
          {editable ? 'Once it can be proved, choose Edit and set Attestation to Required.' : 'An administrator can change that.'}
        </Alert>
      )}
      {agent.attestation === 'required' && ahead?.tone === 'warning' && (
        <Alert color="yellow" title="This agent gets no tokens" icon={<IconAlertTriangle aria-hidden />} c="var(--mantine-color-text)">
          {ahead.text}
        </Alert>
      )}
      <Section title="Identity">
        <Grid gap="md">
          <Grid.Col span={{ base: 12, md: 6 }}>
            <Fact label="Client ID">
              <CopyValue value={agent.client_id} label="Client ID" />
            </Fact>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 6 }}>
            <Fact label="SPIFFE ID">
              <CopyValue value={agent.spiffe_id} label="SPIFFE ID" />
            </Fact>
          </Grid.Col>
          <Grid.Col span={{ base: 6, md: 3 }}>
            <Fact label="Type">{agent.type_label}</Fact>
          </Grid.Col>
          <Grid.Col span={{ base: 6, md: 3 }}>
            <Fact label="Platform">{platform?.label ?? agent.platform}</Fact>
          </Grid.Col>
          <Grid.Col span={{ base: 6, md: 3 }}>
            <Fact label="Attestation">
              <Attestation mode={agent.attestation} /> {agent.attestation_chosen ? 'chosen' : 'by default'}
            </Fact>
          </Grid.Col>
          <Grid.Col span={{ base: 6, md: 3 }}>
            <Fact label="Last token">
              <When time={agent.last_token_at} />
            </Fact>
          </Grid.Col>
        </Grid>
        {agent.selectors.length > 0 && (
          <Table aria-label="Selectors" layout="fixed" withTableBorder>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Selector</Table.Th>
                <Table.Th>Value</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody style={{ overflowWrap: 'anywhere' }}>
              {agent.selectors.map((s) => (
                <Table.Tr key={`${s.key}=${s.value}`}>
                  <Table.Td ff="monospace">{s.key}</Table.Td>
                  <Table.Td ff="monospace">{s.value}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
      </Section>
    </Stack>
  );
}
