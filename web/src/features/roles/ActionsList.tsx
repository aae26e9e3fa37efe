import { ActionIcon, Button, Group } from '@mantine/core';
import { IconBolt, IconPencil, IconTrash } from '@tabler/icons-react';
import { useList } from '@/api/list';
import type { Schema } from '@/api/types';
import { Sensitive } from '@/ui/badges';
import { Clip } from '@/ui/Clip';
import { Filters, Search } from '@/ui/filters';
import { ListTable } from '@/ui/ListTable';
import { Empty } from '@/ui/states';
import type { NamesSearch, SetNamesSearch } from './search';

type Action = Schema<'Action'>;

interface Change {
  edit: (action: Action) => void;
  remove: (action: Action) => void;
}

interface Props {
  search: NamesSearch;
  setSearch: SetNamesSearch;
  /** Absent for those who may not. */
  create: (() => void) | undefined;
  change: Change | undefined;
}

export function ActionsList({ search: { q }, setSearch, create, change }: Props) {
  const actions = useList('/actions', q ? { q } : {});
  return (
    <>
      <Filters>
        <Search value={q} onChange={(v) => setSearch({ q: v })} placeholder="Name or description" />
      </Filters>
      <ListTable
        label="Actions"
        list={actions}
        keyOf={(a) => a.name}
        columns={[
          { header: 'Name', cell: (a) => <Clip text={a.name} ff="monospace" /> },
          { header: 'Description', optional: true, cell: (a) => <Clip text={a.description} /> },
          { header: 'Sensitivity', width: 120, cell: (a) => a.sensitive && <Sensitive /> },
          ...(change ? [{ header: 'Change', width: 90, cell: (a: Action) => <ChangeAction action={a} change={change} /> }] : []),
        ]}
        empty={
          q ? (
            <Empty
              icon={IconBolt}
              title="No action matches"
              action={
                <Button variant="default" onClick={() => setSearch({ q: undefined })}>
                  Clear search
                </Button>
              }
            />
          ) : (
            <Empty icon={IconBolt} title="No actions yet" action={create && <Button onClick={create}>Create the first action</Button>}>
              An action names one thing that an API lets its callers do, as resource:verb. Create those of your APIs, then make roles of
              them.
            </Empty>
          )
        }
      />
    </>
  );
}

function ChangeAction({ action, change }: { action: Action; change: Change }) {
  return (
    <Group gap={4} wrap="nowrap">
      <ActionIcon variant="subtle" color="gray" onClick={() => change.edit(action)} aria-label={`Edit ${action.name}`}>
        <IconPencil size={16} aria-hidden />
      </ActionIcon>
      <ActionIcon variant="subtle" color="red" onClick={() => change.remove(action)} aria-label={`Delete ${action.name}`}>
        <IconTrash size={16} aria-hidden />
      </ActionIcon>
    </Group>
  );
}
