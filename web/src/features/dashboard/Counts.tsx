import { Paper, SimpleGrid, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useCan } from '@/api/session';
import type { Schema } from '@/api/types';
import { LinkTo } from '@/ui/links';
import { windowOf } from './overview';

/** How many there are of everything, each leading to its list. */
export function Counts({ overview }: { overview: Schema<'Overview'> }) {
  const can = useCan();
  const { counts, from } = overview;
  const note = `last ${windowOf(overview)}`;
  return (
    <SimpleGrid component="section" aria-label="Counts" cols={{ base: 2, sm: 3, lg: can('users.read') ? 5 : 4 }} spacing="sm">
      <Count value={counts.agents}>
        <LinkTo to="/clients">AI Agents</LinkTo>
      </Count>
      <Count value={counts.active_delegations}>
        <LinkTo to="/delegations" search={{ status: 'active' }}>
          Active delegations
        </LinkTo>
      </Count>
      {can('users.read') && (
        <Count value={counts.users}>
          <LinkTo to="/access/users">Users</LinkTo>
        </Count>
      )}
      <Count value={counts.tokens_issued} note={note}>
        <LinkTo to="/activity" search={{ action: 'token.issue', outcome: 'success', from }}>
          Tokens issued
        </LinkTo>
      </Count>
      <Count value={counts.tokens_refused} note={note}>
        <LinkTo to="/activity" search={{ action: 'token.issue', outcome: 'refused', from }}>
          Tokens refused
        </LinkTo>
      </Count>
    </SimpleGrid>
  );
}

function Count({ value, note, children }: { value: number; note?: string; children: ReactNode }) {
  return (
    <Paper withBorder p="md">
      <Text fz={28} fw={650} lh={1.2} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {value.toLocaleString()}
      </Text>
      <Text fz="sm">{children}</Text>
      {note && (
        <Text fz="xs" c="dimmed">
          {note}
        </Text>
      )}
    </Paper>
  );
}
