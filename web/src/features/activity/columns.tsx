import { Text } from '@mantine/core';
import type { Schema } from '@/api/types';
import { formatTime } from '@/lib/time';
import { Outcome } from '@/ui/badges';
import { Clip } from '@/ui/Clip';
import type { Column } from '@/ui/ListTable';

type Event = Schema<'AuditEvent'>;

const short = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});

/** A party by its name then, its ID, or at least its type. */
export const partyName = ({ name, id, type }: Schema<'AuditParty'>): string => name || id || type;

/** "agent Billing Bot", or the type alone. */
export function partyLabel(party: Schema<'AuditParty'>): string {
  const name = partyName(party);
  return name === party.type ? name : `${party.type} ${name}`;
}

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
          {short.format(new Date(time))}
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
  { header: 'Agent', cell: ({ client_id }) => (client_id ? <Clip text={agentName(client_id)} maw={120} /> : <None />), optional: true },
];
