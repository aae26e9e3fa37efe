import { Alert, Badge, Group, Paper, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconAlertTriangle } from '@tabler/icons-react';
import { $api } from '@/api/client';
import type { Schema } from '@/api/types';
import { list } from '@/lib/text';
import { DelegationStatus } from '@/ui/badges';
import { LinkTo } from '@/ui/links';
import { FailureAlert, Loading } from '@/ui/states';
import { bySeverity, emptied, sayCount, sayImpact } from './impact';

/** Who would feel the role's having these actions, before it is saved. */
export function RoleImpact({ role, actions }: { role: string; actions: readonly string[] }) {
  const asked = actions.join(',');
  const [settled] = useDebouncedValue(asked, 300);
  const { data, error, refetch } = $api.useQuery('get', '/roles/{name}/impact', {
    params: { path: { name: role }, query: { actions: settled } },
  });
  if (error) return <FailureAlert failure={error} retry={() => void refetch()} title="What this change does could not be asked" />;
  // An answer about another choice must not stand beside this one.
  if (!data || settled !== asked) return <Loading lines={2} />;
  const delegations = bySeverity(data.delegations);
  const hurt = delegations.filter(emptied).length;
  return (
    <Stack gap="sm">
      <Text role="status">{sayImpact(data)}</Text>
      {hurt > 0 && (
        <Alert
          color="red"
          icon={<IconAlertTriangle aria-hidden />}
          title={`Left with nothing: ${sayCount(data, hurt, 'delegation')}`}
          c="var(--mantine-color-text)"
        >
          Their agents get no more tokens by them.
        </Alert>
      )}
      {delegations.map((d) => (
        <Felt key={d.delegation_id} impact={d} />
      ))}
      {data.agents.length > 0 && <Agents agents={data.agents} />}
    </Stack>
  );
}

function Agents({ agents }: { agents: readonly Schema<'AgentRef'>[] }) {
  return (
    <Text component="div" fz="sm" style={{ overflowWrap: 'anywhere' }}>
      Agents:{' '}
      {agents.map((a, i) => (
        <span key={a.client_id}>
          {i > 0 && ', '}
          <LinkTo to="/clients/agents/$clientId" params={{ clientId: a.client_id }} inherit underline="always">
            {a.name}
          </LinkTo>
        </span>
      ))}
    </Text>
  );
}

function Felt({ impact: d }: { impact: Schema<'DelegationImpact'> }) {
  const nothing = emptied(d);
  return (
    <Paper
      withBorder
      p="sm"
      component="article"
      style={nothing ? { borderColor: 'var(--mantine-color-red-filled)', borderInlineStartWidth: 4 } : undefined}
    >
      <Stack gap={4} style={{ overflowWrap: 'anywhere' }}>
        <Group gap="xs">
          <LinkTo to="/delegations/$id" params={{ id: d.delegation_id }} fw={600} style={{ minWidth: 0 }}>
            {d.agent.name}, lent by {d.delegator.name || d.delegator.email}
          </LinkTo>
          <DelegationStatus status={d.status} />
          {nothing && (
            <Badge color="red" variant="filled" radius="sm" tt="none">
              Nothing left
            </Badge>
          )}
        </Group>
        {d.lost.length > 0 && <Text fz="sm">Loses {list(d.lost)}.</Text>}
        {d.gained.length > 0 && <Text fz="sm">Gets back {list(d.gained)}.</Text>}
        {d.remaining.length > 0 && <Text fz="sm">Has then {list(d.remaining)}.</Text>}
      </Stack>
    </Paper>
  );
}
