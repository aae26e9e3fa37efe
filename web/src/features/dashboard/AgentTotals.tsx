import { ColorSwatch, Group, getThemeColor, Table, useMantineTheme } from '@mantine/core';
import { Clip } from '@/ui/Clip';
import { LinkTo } from '@/ui/links';
import type { ChartAgent } from './series';

/** What each agent had in the window; it is the charts' legend too. */
export function AgentTotals({ agents }: { agents: ChartAgent[] }) {
  const theme = useMantineTheme();
  return (
    <Table aria-label="Tokens by agent" layout="fixed">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Agent</Table.Th>
          <Table.Th w={90} ta="right">
            Issued
          </Table.Th>
          <Table.Th w={90} ta="right">
            Refused
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {agents.map((agent) => (
          <Table.Tr key={agent.key}>
            <Table.Td>
              <Group gap="xs" wrap="nowrap">
                <ColorSwatch size={12} color={getThemeColor(agent.color, theme)} withShadow={false} aria-hidden style={{ flex: 'none' }} />
                {agent.clientId ? (
                  <LinkTo to="/clients/agents/$clientId" params={{ clientId: agent.clientId }} miw={0}>
                    <Clip text={agent.name} />
                  </LinkTo>
                ) : (
                  <Clip text={agent.name} />
                )}
              </Group>
            </Table.Td>
            <Table.Td ta="right">{agent.issued.toLocaleString()}</Table.Td>
            <Table.Td ta="right">{agent.refused.toLocaleString()}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
