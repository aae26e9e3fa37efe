import { SimpleGrid, Stack, Text } from '@mantine/core';
import type { Schema } from '@/api/types';
import { formatTime } from '@/lib/time';
import { CopyValue } from '@/ui/copy';
import { Fact } from '@/ui/Fact';
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
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm" fz="sm">
        <Fact label="Event">
          {event.seq}, {formatTime(event.time)}
        </Fact>
        <Fact label="Actor">
          <PartyLink party={event.actor} />
        </Fact>
        <Fact label="Target">
          <PartyLink party={event.target} />
        </Fact>
        {event.client_id && (
          <Fact label="Agent">
            <LinkTo to="/clients/agents/$clientId" params={{ clientId: event.client_id }} fz="sm">
              {agentOf(event, agentName)}
            </LinkTo>
          </Fact>
        )}
        {event.delegation_id && (
          <Fact label="Delegation">
            <LinkTo to="/delegations/$id" params={{ id: event.delegation_id }} fz="sm">
              {event.delegation_id}
            </LinkTo>
          </Fact>
        )}
        {event.ip && <Fact label="IP address">{event.ip}</Fact>}
        {event.count !== undefined && event.count > 1 && <Fact label="Equal refusals">{event.count.toLocaleString()}</Fact>}
        {event.request_id && (
          <Fact label="Request ID">
            <CopyValue value={event.request_id} label="Request ID" />
          </Fact>
        )}
        <Fact label="Hash">
          <CopyValue value={event.hash} label="Hash" />
        </Fact>
      </SimpleGrid>
      {(event.before || event.after) && <ChangesTable changes={diff(event.before, event.after)} />}
      {event.details && <ValuesTable values={diff(undefined, event.details)} />}
    </Stack>
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
