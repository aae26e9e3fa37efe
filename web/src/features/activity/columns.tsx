import { Text } from '@mantine/core';
import type { Schema } from '@/api/types';
import { formatTime } from '@/lib/time';
import { Outcome } from '@/ui/badges';
import { Clip } from '@/ui/Clip';
import type { Column } from '@/ui/ListTable';

type Event = Schema<'AuditEvent'>;

/** A party by its name then, its ID, or at least its type. */
export const partyName = ({ name, id, type }: Schema<'AuditParty'>): string => name || id || type;

export const columns = (agentName: (clientId: string) => string): Column<Event>[] => [
  {
    header: 'Time',
    width: 190,
    cell: ({ time }) => (
      <Text span inherit style={{ whiteSpace: 'nowrap' }}>
        <time dateTime={time} title={time}>
          {formatTime(time)}
        </time>
      </Text>
    ),
  },
  { header: 'Actor', cell: ({ actor }) => <Clip text={partyName(actor)} maw={200} /> },
  {
    header: 'Action',
    cell: ({ action, count }) => (
      <Text span inherit ff="monospace" fz="sm">
        {action}
        {count && count > 1 ? ` × ${count.toLocaleString()}` : ''}
      </Text>
    ),
  },
  {
    header: 'Target',
    cell: ({ target }) => <Clip text={`${target.type} ${partyName(target) === target.type ? '' : partyName(target)}`.trim()} maw={260} />,
    optional: true,
  },
  { header: 'Outcome', width: 110, cell: ({ outcome }) => <Outcome outcome={outcome} /> },
  {
    header: 'Agent',
    cell: ({ client_id }) =>
      client_id ? (
        <Clip text={agentName(client_id)} maw={180} />
      ) : (
        <Text span inherit c="dimmed" aria-label="none">
          –
        </Text>
      ),
    optional: true,
  },
];
