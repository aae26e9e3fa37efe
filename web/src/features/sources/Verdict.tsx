import { List, Stack, Table, Text } from '@mantine/core';
import type { Schema } from '@/api/types';
import { ActiveStatus } from '@/ui/badges';
import { LinkTo } from '@/ui/links';
import { VerdictAlert } from '@/ui/VerdictAlert';

type Found = Schema<'WorkloadSourceVerdict'>;

const titles: Record<Found['verdict'], string> = {
  accepted: 'The token is good',
  rejected: 'The token is refused',
  other_source: 'The token is not of this source',
  unavailable: 'It cannot be told now',
};

const how: Record<Schema<'SelectorOrigin'>, string> = {
  signed: 'Signed in the token',
  looked_up: "Looked up in the platform's API",
  node: 'Seen by a node agent',
};

/** What a source made of a token. */
export function Verdict({ verdict: v }: { verdict: Found }) {
  const good = v.verdict === 'accepted';
  const tone = good ? 'good' : v.verdict === 'unavailable' ? 'unknown' : 'bad';
  return (
    <Stack gap="md">
      <VerdictAlert title={titles[v.verdict]} tone={tone} problem={v.problem} cause={v.cause} expiresAt={v.expires_at} />
      {v.selectors.length > 0 && (
        <Table.ScrollContainer
          minWidth={420}
          scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': 'What it attests' } }}
        >
          <Table aria-label="What it attests">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Selector</Table.Th>
                <Table.Th>Value</Table.Th>
                <Table.Th>How it is known</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {v.selectors.map((s) => (
                <Table.Tr key={`${s.key} ${s.value}`}>
                  <Table.Td ff="monospace" style={{ overflowWrap: 'anywhere' }}>
                    {s.key}
                  </Table.Td>
                  <Table.Td ff="monospace" style={{ overflowWrap: 'anywhere' }}>
                    {s.value}
                  </Table.Td>
                  <Table.Td>{how[s.how]}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {v.missing.length > 0 && (
        <List fz="sm" aria-label="What it cannot establish">
          {v.missing.map((m) => (
            <List.Item key={m.selector}>
              <Text span ff="monospace" fz="sm">
                {m.selector}
              </Text>
              : {m.message}
            </List.Item>
          ))}
        </List>
      )}
      {good && <Satisfied agents={v.agents} more={v.more_agents} />}
    </Stack>
  );
}

function Satisfied({ agents, more }: { agents: Found['agents']; more: boolean }) {
  if (agents.length === 0) return <Text fz="sm">No agent's selectors are satisfied by it.</Text>;
  return (
    <Stack gap="xs">
      <Text fz="sm">It satisfies the selectors of:</Text>
      <List fz="sm" aria-label="Agents that it satisfies">
        {agents.map((a) => (
          <List.Item key={a.client_id}>
            <LinkTo to="/clients/agents/$clientId" params={{ clientId: a.client_id }}>
              {a.name}
            </LinkTo>{' '}
            {a.status !== 'active' && <ActiveStatus status={a.status} />}
          </List.Item>
        ))}
      </List>
      {more && <Text fz="sm">There may be others.</Text>}
    </Stack>
  );
}
