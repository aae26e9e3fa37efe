import { Button } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { EditProvider } from './EditProvider';
import type { Provider } from './values';

type Dialog = 'edit' | 'enable' | 'disable' | 'delete';

export function ProviderActions({ provider }: { provider: Provider }) {
  const [dialog, setDialog] = useState<Dialog>();
  const changed = useChanged();
  const navigate = useNavigate();
  const params = { path: { id: provider.id } };
  const close = () => setDialog(undefined);
  const asks = (name: Dialog) => ({ opened: dialog === name, onClose: close });

  const set = (verb: 'enable' | 'disable') => async () => {
    const { error } = await client.POST(`/identity-providers/{id}/${verb}`, { params });
    if (error) throw error;
    await changed();
  };
  const remove = async () => {
    const { error } = await client.DELETE('/identity-providers/{id}', { params });
    if (error) throw error;
    // Away first: this page would ask for a provider that is gone.
    await navigate({ to: '/settings/identity-providers' });
    await changed();
  };
  const [verb, name] = provider.enabled ? (['disable', 'Disable'] as const) : (['enable', 'Enable'] as const);
  return (
    <>
      <Button variant="default" onClick={() => setDialog('edit')}>
        Edit
      </Button>
      <Button variant="default" onClick={() => setDialog(verb)}>
        {name}
      </Button>
      <Button color="red" variant="outline" onClick={() => setDialog('delete')}>
        Delete
      </Button>
      {dialog === 'edit' && <EditProvider provider={provider} onClose={close} />}
      <ConfirmDialog {...asks('enable')} title={`Enable ${provider.name}?`} confirm="Enable" danger={false} act={set('enable')}>
        What it says of people is believed from this moment: they sign in from there, and lend by its delegation templates.
      </ConfirmDialog>
      <ConfirmDialog {...asks('disable')} title={`Disable ${provider.name}?`} confirm="Disable" act={set('disable')}>
        From this moment nobody signs in from there, and nobody lends by its delegation templates. Tokens that were lent by them are
        recalled.
      </ConfirmDialog>
      <ConfirmDialog {...asks('delete')} title={`Delete ${provider.name}?`} confirm="Delete" act={remove}>
        This is refused while a delegation template or somebody's linked identity names it. To stop it for a while, disable it instead.
      </ConfirmDialog>
    </>
  );
}
