import { Button, Text } from '@mantine/core';
import { IconBan, IconPencil, IconPlayerPause, IconPlayerPlay, IconStar } from '@tabler/icons-react';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { useCan, useSession } from '@/api/session';
import type { Delegation } from '@/api/types';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { recalling } from '@/ui/RecallNotice';
import { EditDelegation } from './EditDelegation';
import { OutNow } from './OutNow';
import { offered, sayDisable, sayEnable } from './powers';

type Dialog = 'edit' | 'disable' | 'enable' | 'revoke' | 'default' | 'give up';

/** What the reader may do with it; the server decides. */
export function DelegationActions({ delegation: d }: { delegation: Delegation }) {
  const can = useCan();
  const me = useSession().user.id;
  const changed = useChanged();
  const [dialog, setDialog] = useState<Dialog>();
  const reader = { mine: d.delegator.id === me, admin: can('delegations.write_all') };
  const { mine, admin } = reader;
  if ((!mine && !admin) || d.status === 'revoked' || !can('delegations.create')) return null;

  // What a template made stays within the template.
  const widens = mine && !d.template;
  const offer = offered(d, reader);
  const what = `${d.role} for ${d.agent.name}`;
  const [disable, askDisable] = d.status === 'disabled' ? ['Keep disabled', `Keep ${what} disabled?`] : ['Disable', `Disable ${what}?`];
  const close = () => setDialog(undefined);
  const asks = (name: Dialog) => ({ opened: dialog === name, onClose: close });
  const byId = { params: { path: { id: d.id } } };
  const enable = async () => {
    const { error } = await client.POST('/delegations/{id}/enable', byId);
    if (error) throw error;
    await changed();
  };
  const stop = (verb: 'disable' | 'revoke', did: string) => async (reason?: string) => {
    await recalling({ agent: d.client_id, delegation: d.id }, did, async () => {
      const { error, response } = await client.POST(`/delegations/{id}/${verb}`, { ...byId, body: reason ? { reason } : {} });
      if (error) throw error;
      return response;
    });
    await changed();
  };
  const makeDefault = async () => {
    const { error } = await client.PUT('/agents/{client_id}/default-delegation', {
      params: { path: { client_id: d.client_id } },
      body: { delegation_id: d.id },
    });
    if (error) throw error;
    await changed();
  };
  // Of this delegation, not of the agent: another that has become the default meanwhile stays it.
  const giveUpDefault = async () => {
    const { error } = await client.PATCH('/delegations/{id}', { ...byId, body: { default: false } });
    if (error) throw error;
    await changed();
  };

  return (
    <>
      {d.status === 'active' && admin && !d.default && !d.template && (
        <Button variant="default" leftSection={<IconStar size={16} aria-hidden />} onClick={() => setDialog('default')}>
          Make default
        </Button>
      )}
      {d.default && (
        <Button variant="default" leftSection={<IconStar size={16} aria-hidden />} onClick={() => setDialog('give up')}>
          Give up default
        </Button>
      )}
      <Button variant="default" leftSection={<IconPencil size={16} aria-hidden />} onClick={() => setDialog('edit')}>
        {widens ? 'Edit' : 'Narrow'}
      </Button>
      {offer.enable && (
        <Button variant="default" leftSection={<IconPlayerPlay size={16} aria-hidden />} onClick={() => setDialog('enable')}>
          Enable
        </Button>
      )}
      {offer.disable && (
        <Button variant="default" leftSection={<IconPlayerPause size={16} aria-hidden />} onClick={() => setDialog('disable')}>
          {disable}
        </Button>
      )}
      <Button color="red" leftSection={<IconBan size={16} aria-hidden />} onClick={() => setDialog('revoke')}>
        Revoke
      </Button>

      {dialog === 'edit' && <EditDelegation delegation={d} widens={widens} onClose={close} />}
      <ConfirmDialog {...asks('enable')} title={`Enable ${what}?`} confirm="Enable" danger={false} act={enable}>
        {dialog === 'enable' && <Text>{sayEnable(d, d.agent.name, reader, new Date())}</Text>}
      </ConfirmDialog>
      <ConfirmDialog {...asks('disable')} title={askDisable} confirm={disable} withReason act={stop('disable', 'Disabled')}>
        <Text>{sayDisable(d, d.agent.name, reader)}</Text>
        {dialog === 'disable' && <OutNow delegation={d} />}
      </ConfirmDialog>
      <ConfirmDialog {...asks('revoke')} title={`Revoke ${what}?`} confirm="Revoke" withReason act={stop('revoke', 'Revoked')}>
        <Text>{d.agent.name} gets no more tokens by it, for good. To lend again, create a new one.</Text>
        {dialog === 'revoke' && <OutNow delegation={d} />}
      </ConfirmDialog>
      <ConfirmDialog {...asks('default')} title="Make it the default?" confirm="Make default" danger={false} act={makeDefault}>
        <Text>
          Requests of {d.agent.name} that name no delegation will act for {d.delegator.name || d.delegator.email}.
        </Text>
      </ConfirmDialog>
      <ConfirmDialog {...asks('give up')} title="Give up the default?" confirm="Give up" act={giveUpDefault}>
        <Text>Requests of {d.agent.name} that name no delegation are refused until an administrator chooses another default.</Text>
      </ConfirmDialog>
    </>
  );
}
