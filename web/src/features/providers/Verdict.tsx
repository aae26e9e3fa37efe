import { Badge, Group, Stack, Table, Text } from '@mantine/core';
import type { Schema } from '@/api/types';
import { Enabled } from '@/ui/badges';
import { Snippet } from '@/ui/copy';
import { LinkTo } from '@/ui/links';
import { VerdictAlert } from '@/ui/VerdictAlert';

type Found = Schema<'IdentityProviderVerdict'>;

const titles: Record<Found['verdict'], string> = {
  accepted: 'The token is good',
  rejected: 'The token is refused',
  other_provider: 'The token is not of this provider',
  unavailable: 'It cannot be told now',
};

/** What a provider made of a person's token: who they are, and what they could lend. */
export function Verdict({ verdict: v }: { verdict: Found }) {
  const good = v.verdict === 'accepted';
  const tone = good ? 'good' : v.verdict === 'unavailable' ? 'unknown' : 'bad';
  return (
    <Stack gap="md">
      <VerdictAlert title={titles[v.verdict]} tone={tone} problem={v.problem} cause={v.cause} expiresAt={v.expires_at}>
        {good && <Person verdict={v} />}
      </VerdictAlert>
      {v.claims !== undefined && <Snippet label="Claims" code={JSON.stringify(v.claims, null, 2)} />}
      {good && <Templates matches={v.templates} more={v.more_templates} />}
    </Stack>
  );
}

function Person({ verdict: { subject, user } }: { verdict: Found }) {
  return (
    <Text fz="sm" style={{ overflowWrap: 'anywhere' }}>
      {subject} is{' '}
      {user ? (
        <LinkTo to="/access/users/$id" params={{ id: user.id }} underline="always">
          {user.name || user.email}
        </LinkTo>
      ) : (
        'linked to no user yet'
      )}
      .
    </Text>
  );
}

function Templates({ matches, more }: { matches: Found['templates']; more: boolean }) {
  if (matches.length === 0)
    return <Text fz="sm">No delegation template is for this provider, so nobody from there lends anything by token exchange.</Text>;
  return (
    <Stack gap="xs">
      <Table.ScrollContainer
        minWidth={420}
        scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': 'Delegation templates it meets' } }}
      >
        <Table aria-label="Delegation templates it meets">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Template</Table.Th>
              <Table.Th>Agent</Table.Th>
              <Table.Th>Role</Table.Th>
              <Table.Th w={160}>Conditions</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody style={{ overflowWrap: 'anywhere' }}>
            {matches.map((t) => (
              <Table.Tr key={t.id}>
                <Table.Td>
                  <LinkTo to="/delegation-templates/$id" params={{ id: t.id }}>
                    {t.name}
                  </LinkTo>
                </Table.Td>
                <Table.Td>{t.agent.name}</Table.Td>
                <Table.Td>{t.role}</Table.Td>
                <Table.Td>
                  <Group gap={4}>
                    <Badge variant="light" radius="sm" tt="none" fw={600} c="var(--mantine-color-text)" color={t.met ? 'teal' : 'gray'}>
                      {t.met ? 'Met' : 'Not met'}
                    </Badge>
                    {!t.enabled && <Enabled enabled={false} />}
                  </Group>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {more && <Text fz="sm">There are others.</Text>}
    </Stack>
  );
}
