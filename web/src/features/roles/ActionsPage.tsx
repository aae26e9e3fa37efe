import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { useCan } from '@/api/session';
import type { Schema } from '@/api/types';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { Page } from '@/ui/Page';
import { ActionForm } from './ActionForm';
import { ActionsList } from './ActionsList';
import type { NamesSearch, SetNamesSearch } from './search';

type Action = Schema<'Action'>;

/** What there is to allow: roles are made of actions, delegations lend them. */
export function ActionsPage({ search, setSearch }: { search: NamesSearch; setSearch: SetNamesSearch }) {
  const can = useCan();
  const writes = can('actions.write');
  const [form, setForm] = useState<'create' | Action>();
  const [doomed, setDoomed] = useState<Action>();
  const changed = useChanged();
  const create = writes ? () => setForm('create') : undefined;
  const remove = async () => {
    if (!doomed) return;
    const { error } = await client.DELETE('/actions/{name}', { params: { path: { name: doomed.name } } });
    if (error) throw error;
    await changed();
  };
  return (
    <Page
      title="Actions"
      description="Business permissions, such as billing:read. Roles are made of them, and tokens carry them."
      actions={
        create && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={create}>
            Create action
          </Button>
        )
      }
    >
      <ActionsList
        search={search}
        setSearch={setSearch}
        create={create}
        change={writes ? { edit: setForm, remove: setDoomed } : undefined}
      />
      {form && <ActionForm action={form === 'create' ? undefined : form} onClose={() => setForm(undefined)} />}
      <ConfirmDialog
        opened={doomed !== undefined}
        onClose={() => setDoomed(undefined)}
        title={`Delete ${doomed?.name ?? 'this action'}?`}
        confirm="Delete"
        act={remove}
      >
        Nobody can be given it any more. This is refused while a role has it or a delegation lends it.
      </ConfirmDialog>
    </Page>
  );
}
