import { Button, List, Text } from '@mantine/core';
import { IconBan, IconPencil, IconPlayerPause, IconPlayerPlay, IconStar } from '@tabler/icons-react';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { $api, client } from '@/api/client';
import { useCan, useSession } from '@/api/session';
import type { Delegation } from '@/api/types';
import { count } from '@/lib/text';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { Countdown } from '@/ui/When';
import { EditDelegation } from './EditDelegation';

type Dialog = 'edit' | 'disable' | 'enable' | 'revoke' | 'default' | 'give up' | null;

/** What the reader may do with it; the server decides. */
export function DelegationActions({ delegation: d }: { delegation: Delegation }) {
  const can = useCan();
  const me = useSession().user.id;
  const changed = useChanged();
  const [dialog, setDialog] = useState<Dialog>(null);
  const mine = d.delegator.id === me;
  const admin = can('delegations.write_all');
  if ((!mine && !admin) || d.status === 'revoked' || !can('delegations.create')) return null;

  const disabledByMe = admin ? d.disabled_by_admin || (mine && d.disabled_by_delegator) : d.disabled_by_delegator;
  const close = () => setDialog(null);
  const byId = { params: { path: { id: d.id } } };
  const post = (verb: 'disable' | 'enable' | 'revoke') => async (reason?: string) => {
    const { error } =
      verb === 'enable'
        ? await client.POST('/delegations/{id}/enable', byId)
        : await client.POST(`/delegations/{id}/${verb}`, { ...byId, body: reason ? { reason } : {} });
    if (error) throw error;
    await changed();
  };
  const setDefault = (id: string | null) => async () => {
    const { error } = await client.PUT('/agents/{client_id}/default-delegation', {
      params: { path: { client_id: d.client_id } },
      body: { delegation_id: id },
    });
    if (error) throw error;
    await changed();
  };

  return (
    <>
      {d.status === 'active' && admin && !d.default && (
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
        {mine ? 'Edit' : 'Narrow'}
      </Button>
      {disabledByMe ? (
        <Button variant="default" leftSection={<IconPlayerPlay size={16} aria-hidden />} onClick={() => setDialog('enable')}>
          Enable
        </Button>
      ) : (
        <Button variant="default" leftSection={<IconPlayerPause size={16} aria-hidden />} onClick={() => setDialog('disable')}>
          Disable
        </Button>
      )}
      <Button color="red" leftSection={<IconBan size={16} aria-hidden />} onClick={() => setDialog('revoke')}>
        Revoke
      </Button>

      {dialog === 'edit' && <EditDelegation delegation={d} mine={mine} onClose={close} />}
      <ConfirmDialog
        opened={dialog === 'enable'}
        onClose={close}
        title={`Enable ${d.role} for ${d.agent.name}?`}
        confirm="Enable"
        danger={false}
        act={post('enable')}
      >
        <Text>{d.agent.name} gets tokens by it again.</Text>
      </ConfirmDialog>
      <ConfirmDialog
        opened={dialog === 'disable'}
        onClose={close}
        title={`Disable ${d.role} for ${d.agent.name}?`}
        confirm="Disable"
        withReason
        act={post('disable')}
      >
        <Text>
          {d.agent.name} gets no more tokens by it until it is enabled again. {!mine && 'Only an administrator can enable it then.'}
        </Text>
        {dialog === 'disable' && <Out delegation={d} />}
      </ConfirmDialog>
      <ConfirmDialog
        opened={dialog === 'revoke'}
        onClose={close}
        title={`Revoke ${d.role} for ${d.agent.name}?`}
        confirm="Revoke"
        withReason
        act={post('revoke')}
      >
        <Text>{d.agent.name} gets no more tokens by it, for good. To lend again, create a new one.</Text>
        {dialog === 'revoke' && <Out delegation={d} />}
      </ConfirmDialog>
      <ConfirmDialog
        opened={dialog === 'default'}
        onClose={close}
        title="Make it the default?"
        confirm="Make default"
        danger={false}
        act={setDefault(d.id)}
      >
        <Text>
          Requests of {d.agent.name} that name no delegation will act for {d.delegator.name}.
        </Text>
      </ConfirmDialog>
      <ConfirmDialog opened={dialog === 'give up'} onClose={close} title="Give up the default?" confirm="Give up" act={setDefault(null)}>
        <Text>Requests of {d.agent.name} that name no delegation are refused until an administrator chooses another default.</Text>
      </ConfirmDialog>
    </>
  );
}

/** What is out at the agent, which no change here calls back. */
function Out({ delegation }: { delegation: Delegation }) {
  const { data, isError } = $api.useQuery('get', '/agents/{client_id}/tokens', {
    params: { path: { client_id: delegation.client_id }, query: { limit: 200 } },
  });
  if (isError) return <Text mt="sm">What is out at the moment could not be asked. A token that is out works until it expires.</Text>;
  const out = data?.items.filter((t) => t.delegation_id === delegation.id && new Date(t.expires_at) > new Date()) ?? [];
  const last = out
    .map((t) => t.expires_at)
    .sort()
    .at(-1);
  if (!last) return null;
  return (
    <List mt="sm" fz="sm">
      <List.Item>
        {count(out.length, 'token')} of it {out.length === 1 ? 'is' : 'are'} out and {out.length === 1 ? 'works' : 'work'} until{' '}
        {out.length === 1 ? 'it expires' : 'they expire'}; the last in <Countdown until={last} />.
      </List.Item>
    </List>
  );
}
