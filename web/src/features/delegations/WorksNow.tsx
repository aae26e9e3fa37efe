import { Badge, Group, List, Stack, Text } from '@mantine/core';
import { $api } from '@/api/client';
import type { Delegation } from '@/api/types';
import { sayDuration } from '@/lib/duration';
import { FailureAlert, Loading, Section } from '@/ui/states';

/** What of the delegation works now, decided by the function that enforces it. */
export function WorksNow({ delegation }: { delegation: Delegation }) {
  const query = $api.useQuery('get', '/explain', { params: { query: { client_id: delegation.client_id, delegation_id: delegation.id } } });
  const explained = query.data?.delegations[0];
  return (
    <Section title="What works now">
      {query.isPending && <Loading lines={2} />}
      {!query.data && <FailureAlert failure={query.error} retry={() => void query.refetch()} title="This could not be asked" />}
      {explained?.grant && (
        <Stack gap="xs">
          <Group gap={6}>
            {explained.grant.actions.map((a) => (
              <Badge key={a} variant="light" color="teal" radius="sm" tt="none" maw="100%" title={a}>
                {a}
              </Badge>
            ))}
          </Group>
          <Text fz="sm" style={{ overflowWrap: 'anywhere' }}>
            Tokens of {sayDuration(explained.grant.lifetime_seconds)} for {explained.grant.audience.join(', ')}
            {query.data?.proof === 'assumed' && query.data.agent.attestation === 'required' && ', provided that the workload proves itself'}
            .
          </Text>
        </Stack>
      )}
      {explained?.reasons && explained.reasons.length > 0 && (
        <Stack gap={4}>
          <Text fw={600}>No token, because:</Text>
          <List fz="sm" style={{ overflowWrap: 'anywhere' }}>
            {explained.reasons.map((r) => (
              <List.Item key={`${r.code} ${r.message}`}>{r.message}</List.Item>
            ))}
          </List>
        </Stack>
      )}
      {explained?.missing_actions && explained.missing_actions.length > 0 && (
        <Stack gap={4}>
          <Text fw={600}>What it cannot do:</Text>
          <List fz="sm" style={{ overflowWrap: 'anywhere' }}>
            {explained.missing_actions.map((m) => (
              <List.Item key={m.action}>
                <Text span inherit ff="monospace">
                  {m.action}
                </Text>
                : {m.message}
              </List.Item>
            ))}
          </List>
        </Stack>
      )}
    </Section>
  );
}
