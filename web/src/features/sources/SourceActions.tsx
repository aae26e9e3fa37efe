import { Button } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import type { Catalogue } from '@/api/types';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { EditSource } from './EditSource';
import type { Source } from './kinds';

export function SourceActions({ source, catalogue }: { source: Source; catalogue: Catalogue }) {
  const [dialog, setDialog] = useState<'edit' | 'enable' | 'disable' | 'delete'>();
  const changed = useChanged();
  const navigate = useNavigate();
  const params = { path: { id: source.id } };
  const close = () => setDialog(undefined);

  const enable = async () => {
    const { error } = await client.POST('/workload-sources/{id}/enable', { params });
    if (error) throw error;
    await changed();
  };
  const disable = async () => {
    const { error } = await client.POST('/workload-sources/{id}/disable', { params });
    if (error) throw error;
    await changed();
  };
  const remove = async () => {
    const { error } = await client.DELETE('/workload-sources/{id}', { params });
    if (error) throw error;
    // Away first: this page would ask for a source that is gone.
    await navigate({ to: '/settings/workload-sources' });
    await changed();
  };
  return (
    <>
      <Button variant="default" onClick={() => setDialog('edit')}>
        Edit
      </Button>
      {source.enabled ? (
        <Button variant="default" onClick={() => setDialog('disable')}>
          Disable
        </Button>
      ) : (
        <Button variant="default" onClick={() => setDialog('enable')}>
          Enable
        </Button>
      )}
      <Button color="red" variant="outline" onClick={() => setDialog('delete')}>
        Delete
      </Button>
      {dialog === 'edit' && <EditSource source={source} catalogue={catalogue} onClose={close} />}
      <ConfirmDialog
        opened={dialog === 'enable'}
        onClose={close}
        title={`Enable ${source.name}?`}
        confirm="Enable"
        danger={false}
        act={enable}
      >
        What it proves is believed from this moment: agents whose selectors it satisfies get tokens.
      </ConfirmDialog>
      <ConfirmDialog opened={dialog === 'disable'} onClose={close} title={`Disable ${source.name}?`} confirm="Disable" act={disable}>
        Agents that it alone can prove get no more tokens, at once. Tokens of agents that it may have proven are recalled.
      </ConfirmDialog>
      <ConfirmDialog opened={dialog === 'delete'} onClose={close} title={`Delete ${source.name}?`} confirm="Delete" act={remove}>
        Agents that it alone can prove get no more tokens, at once, and those of agents that it may have proven are recalled. To stop it for
        a while, disable it instead.
      </ConfirmDialog>
    </>
  );
}
