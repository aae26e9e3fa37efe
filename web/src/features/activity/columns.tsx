import { Text } from '@mantine/core';
import type { Schema } from '@/api/types';
import { formatTime } from '@/lib/time';
import { Outcome } from '@/ui/badges';
import { Clip } from '@/ui/Clip';
import type { Column } from '@/ui/ListTable';
import { agentOf, partyLabel, partyName } from './parties';
import { shortTime } from './short-time';

type Event = Schema<'AuditEvent'>;

const None = () => (
  <Text span inherit c="dimmed">
    none
  </Text>
);

/** Narrow enough to stand side by side at 1280 px; the details have everything in full. */
export const columns = (agentName: (clientId: string) => string): Column<Event>[] => [
  {
    header: 'Time',
    cell: ({ time }) => (
      <Text span fz="sm" style={{ whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }}>
        <time dateTime={time} title={formatTime(time)}>
          {shortTime(time, new Date())}
        </time>
      </Text>
    ),
  },
  { header: 'Actor', cell: ({ actor }) => <Clip text={partyName(actor)} maw={150} /> },
  {
    header: 'Action',
    cell: ({ action, count }) => (
      <Text span ff="monospace" fz="xs" style={{ whiteSpace: 'nowrap' }}>
        {action}
        {count && count > 1 ? ` × ${count.toLocaleString()}` : ''}
      </Text>
    ),
  },
  { header: 'Outcome', cell: ({ outcome }) => <Outcome outcome={outcome} /> },
  { header: 'Target', cell: ({ target }) => <Clip text={partyLabel(target)} maw={190} />, optional: true },
  { header: 'Agent', cell: (event) => (event.client_id ? <Clip text={agentOf(event, agentName)} maw={120} /> : <None />), optional: true },
];
