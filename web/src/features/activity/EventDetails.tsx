import { SimpleGrid, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Schema } from '@/api/types';
import { formatTime } from '@/lib/time';
import { CopyValue } from '@/ui/copy';
import { LinkTo } from '@/ui/links';
import { ChangesTable, ValuesTable } from './ChangesTable';
import { diff } from './diff';
import { PartyLink } from './PartyLink';
import { agentOf } from './parties';

type Event = Schema<'AuditEvent'>;

/** All that the log has of an event. */
export function EventDetails({ event, agentName }: { event: Event; agentName: (clientId: string) => string }) {
  return (
    <Stack gap="md" p="xs">
      {event.reasons && event.reasons.length > 0 && <Reasons reasons={event.reasons} />}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
        <Fact name="Event">
          {event.seq}, {formatTime(event.time)}
        </Fact>
        <Fact name="Actor">
          <PartyLink party={event.actor} />
        </Fact>
        <Fact name="Target">
          <PartyLink party={event.target} />
        </Fact>
        {event.client_id && (
          <Fact name="Agent">
            <LinkTo to="/clients/agents/$clientId" params={{ clientId: event.client_id }} fz="sm">
              {agentOf(event, agentName)}
            </LinkTo>
          </Fact>
        )}
        {event.delegation_id && (
          <Fact name="Delegation">
            <LinkTo to="/delegations/$id" params={{ id: event.delegation_id }} fz="sm">
              {event.delegation_id}
            </LinkTo>
          </Fact>
        )}
        {event.ip && <Fact name="IP address">{event.ip}</Fact>}
        {event.count !== undefined && event.count > 1 && <Fact name="Equal refusals">{event.count.toLocaleString()}</Fact>}
        {event.request_id && (
          <Fact name="Request ID">
            <CopyValue value={event.request_id} label="Request ID" />
          </Fact>
        )}
        <Fact name="Hash">
          <CopyValue value={event.hash} label="Hash" />
        </Fact>
      </SimpleGrid>
      {(event.before || event.after) && <ChangesTable changes={diff(event.before, event.after)} />}
      {event.details && <ValuesTable values={diff(undefined, event.details)} />}
    </Stack>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <Text fz="xs" c="dimmed">
        {name}
      </Text>
      <Text fz="sm" component="div" style={{ overflowWrap: 'anywhere' }}>
        {children}
      </Text>
    </div>
  );
}

function Reasons({ reasons }: { reasons: Schema<'Reason'>[] }) {
  return (
    <div>
      <Text fz="sm" fw={600}>
        Why it was refused
      </Text>
      {reasons.map((reason, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes
        <Text key={i} fz="sm" style={{ overflowWrap: 'anywhere' }}>
          {reason.message}{' '}
          <Text span fz="xs" c="dimmed" ff="monospace">
            {[reason.code, ...(reason.keys ?? [])].join(' ')}
          </Text>
        </Text>
      ))}
    </div>
  );
}
