import { Badge, Group, Stack, Table, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { Schema } from '@/api/types';
import { count } from '@/lib/text';
import { formatTime } from '@/lib/time';
import { LinkTo } from '@/ui/links';
import { Section } from '@/ui/states';
import { When } from '@/ui/When';

type Risk = Schema<'Risk'>;

const names: Record<Risk['code'], [string, string]> = {
  permissive: ['red', 'Permissive'],
  refusals_rising: ['orange', 'Refusals rising'],
  delegation_ending: ['yellow', 'Delegation ending'],
  unused: ['gray', 'Unused'],
};

/** The server names no more (api/openapi.yaml). */
const most = 50;

/** Agents that need somebody, the gravest first, as the server orders them. */
export function AgentsAtRisk({ agents }: { agents: Schema<'AgentAtRisk'>[] }) {
  return (
    <Section
      title="Agents at risk"
      aside={
        <Text fz="sm" c="dimmed">
          {agents.length < most ? count(agents.length, 'agent') : `The first ${most}`}
        </Text>
      }
    >
      {agents.length === 0 ? (
        <Text c="dimmed">
          None. Agents show here when they need no proof, go unused for 30 days, are refused more often than before, or are about to lose a
          delegation.
        </Text>
      ) : (
        <Table aria-label="Agents at risk" layout="fixed" verticalSpacing="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th w="28%">Agent</Table.Th>
              <Table.Th>What is wrong, and what to do</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {agents.map(({ agent, risks }) => (
              <Table.Tr key={agent.client_id}>
                <Table.Td style={{ verticalAlign: 'top' }}>
                  <LinkTo to="/clients/agents/$clientId" params={{ clientId: agent.client_id }}>
                    <Text span inherit lineClamp={3} title={agent.name} style={{ overflowWrap: 'anywhere' }}>
                      {agent.name}
                    </Text>
                  </LinkTo>
                </Table.Td>
                <Table.Td>
                  <Stack gap="xs">
                    {risks.map((risk) => (
                      <RiskLine key={`${risk.code} ${risk.delegation_id ?? ''}`} risk={risk} />
                    ))}
                  </Stack>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Section>
  );
}

function RiskLine({ risk }: { risk: Risk }) {
  const [color, name] = names[risk.code];
  const grave = risk.code === 'permissive';
  return (
    <Group gap="xs" align="flex-start">
      <Badge
        variant={grave ? 'filled' : 'light'}
        c={grave ? undefined : 'var(--mantine-color-text)'}
        color={color}
        radius="sm"
        tt="none"
        leftSection={grave ? <IconAlertTriangle size={13} aria-hidden /> : undefined}
      >
        {name}
      </Badge>
      <Text fz="sm" style={{ flex: '1 1 16rem', overflowWrap: 'anywhere' }}>
        {risk.message}{' '}
        {risk.ends_at && (
          <>
            It ends <When time={risk.ends_at} />, on {formatTime(risk.ends_at)}.{' '}
          </>
        )}
        {risk.delegation_id && (
          <LinkTo to="/delegations/$id" params={{ id: risk.delegation_id }} fz="sm" underline="always">
            Open the delegation
          </LinkTo>
        )}
      </Text>
    </Group>
  );
}
