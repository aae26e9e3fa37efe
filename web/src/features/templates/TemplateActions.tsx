import { Button } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { recalling } from '@/ui/RecallNotice';
import { EditTemplate } from './EditTemplate';
import type { Template } from './values';

type Dialog = 'edit' | 'enable' | 'disable' | 'delete';

export function TemplateActions({ template: t }: { template: Template }) {
  const [dialog, setDialog] = useState<Dialog>();
  const changed = useChanged();
  const navigate = useNavigate();
  const params = { path: { id: t.id } };
  const close = () => setDialog(undefined);
  const asks = (name: Dialog) => ({ opened: dialog === name, onClose: close });

  const enable = async () => {
    const { error } = await client.POST('/delegation-templates/{id}/enable', { params });
    if (error) throw error;
    await changed();
  };
  const disable = async () => {
    await recalling({ agent: t.client_id }, 'Disabled', async () => {
      const { error, response } = await client.POST('/delegation-templates/{id}/disable', { params });
      if (error) throw error;
      return response;
    });
    await changed();
  };
  const remove = async () => {
    await recalling({ agent: t.client_id }, 'Deleted', async () => {
      const { error, response } = await client.DELETE('/delegation-templates/{id}', { params });
      if (error) throw error;
      return response;
    });
    // Away first: this page would ask for a template that is gone.
    await navigate({ to: '/delegation-templates' });
    await changed();
  };
  const [verb, name] = t.enabled ? (['disable', 'Disable'] as const) : (['enable', 'Enable'] as const);
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
      {dialog === 'edit' && <EditTemplate template={t} onClose={close} />}
      <ConfirmDialog {...asks('enable')} title={`Enable ${t.name}?`} confirm="Enable" danger={false} act={enable}>
        Whoever meets its conditions can lend to {t.agent.name} by it from this moment.
      </ConfirmDialog>
      <ConfirmDialog {...asks('disable')} title={`Disable ${t.name}?`} confirm="Disable" act={disable}>
        Nobody lends by it from this moment, and the tokens that {t.agent.name} got by it are recalled. Enable undoes it, except that those
        tokens stay recalled.
      </ConfirmDialog>
      <ConfirmDialog {...asks('delete')} title={`Delete ${t.name}?`} confirm="Delete" act={remove}>
        Nobody lends by it any more, and the tokens that {t.agent.name} got by it are recalled. The delegations that it made stay to be
        seen, and give nothing. To stop it for a while, disable it instead.
      </ConfirmDialog>
    </>
  );
}
