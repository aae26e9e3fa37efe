import { Button } from '@mantine/core';
import { IconUserScan } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { List } from '@/api/list';
import { useCan } from '@/api/session';
import type { Schema } from '@/api/types';
import { Clip } from './Clip';
import { type Column, ListTable } from './ListTable';
import { LinkTo } from './links';
import { Empty } from './states';
import { When } from './When';

export type Link = Schema<'IdentityLink'>;

interface Props {
  label: string;
  list: List<Link>;
  /** What it means that there is none. */
  none: ReactNode;
  /** Absent for those who may take none away. */
  onRemove?: ((link: Link) => void) | undefined;
}

/** Who somebody is at identity providers. */
export function Identities({ label, list, none, onRemove }: Props) {
  const can = useCan();
  const columns: Column<Link>[] = [
    {
      header: 'Identity provider',
      cell: ({ identity_provider: { id, name } }) =>
        can('identity_providers.read') ? (
          <LinkTo to="/settings/identity-providers/$id" params={{ id }} truncate display="block" title={name}>
            {name}
          </LinkTo>
        ) : (
          <Clip text={name} />
        ),
    },
    { header: 'Known there as', cell: (l) => <Clip text={l.subject} ff="monospace" /> },
    { header: 'Issuer', optional: true, cell: (l) => <Clip text={l.issuer} /> },
    { header: 'Linked', width: 130, optional: true, cell: (l) => <When time={l.created_at} /> },
  ];
  if (onRemove) {
    columns.push({
      header: 'Change',
      width: 110,
      cell: (l) => (
        <Button
          size="compact-sm"
          variant="subtle"
          color="red"
          aria-label={`Unlink ${l.subject} at ${l.identity_provider.name}`}
          onClick={() => onRemove(l)}
        >
          Unlink
        </Button>
      ),
    });
  }
  return (
    <ListTable
      label={label}
      list={list}
      keyOf={(l) => `${l.identity_provider.id} ${l.subject}`}
      columns={columns}
      empty={
        <Empty icon={IconUserScan} title="No linked identity">
          {none}
        </Empty>
      }
    />
  );
}
