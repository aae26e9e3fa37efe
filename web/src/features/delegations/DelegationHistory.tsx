import { Text } from '@mantine/core';
import { IconHistory } from '@tabler/icons-react';
import { useList } from '@/api/list';
import type { Schema } from '@/api/types';
import { Outcome } from '@/ui/badges';
import { Clip } from '@/ui/Clip';
import { type Column, ListTable } from '@/ui/ListTable';
import { LinkTo } from '@/ui/links';
import { Empty, Section } from '@/ui/states';
import { When } from '@/ui/When';

const columns: Column<Schema<'AuditEvent'>>[] = [
  { header: 'When', cell: (e) => <When time={e.time} /> },
  { header: 'What', cell: (e) => <Text inherit>{e.action}</Text> },
  { header: 'Who', cell: (e) => <Clip text={e.actor.name || e.actor.id || e.actor.type} /> },
  { header: 'Outcome', cell: (e) => <Outcome outcome={e.outcome} /> },
  { header: 'Why', cell: (e) => <Clip text={e.reasons?.map((r) => r.message).join(' ') ?? ''} />, optional: true },
];

/** What the audit log has about it. */
export function DelegationHistory({ id }: { id: string }) {
  const list = useList('/audit-events', { delegation_id: id, limit: 20 });
  return (
    <Section
      title="History"
      aside={
        <LinkTo to="/activity" search={{ delegation_id: id }} fz="sm">
          Open in Activity
        </LinkTo>
      }
    >
      <ListTable
        label="Events of this delegation"
        list={list}
        columns={columns}
        keyOf={(e) => String(e.seq)}
        empty={<Empty icon={IconHistory} title="Nothing has happened yet" />}
      />
    </Section>
  );
}
