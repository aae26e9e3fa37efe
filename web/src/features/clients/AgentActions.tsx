import { Button, Select, Text } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import type { Agent, Catalogue } from '@/api/types';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { recalling } from '@/ui/RecallNotice';
import { SecretDialog } from '@/ui/SecretDialog';
import { EditAgent } from './EditAgent';
import { Outstanding } from './Outstanding';

const overlaps = [
  { value: '0', label: 'End the old secret at once' },
  { value: '3600', label: 'Old secret works 1 hour more' },
  { value: '86400', label: 'Old secret works 1 day more' },
  { value: '604800', label: 'Old secret works 7 days more' },
];

type Dialog = 'edit' | 'rotate' | 'suspend' | 'activate' | 'delete';

export function AgentActions({ agent, catalogue }: { agent: Agent; catalogue: Catalogue | undefined }) {
  const [dialog, setDialog] = useState<Dialog>();
  const [overlap, setOverlap] = useState('86400');
  const [secret, setSecret] = useState<string>();
  const changed = useChanged();
  const navigate = useNavigate();
  const params = { path: { client_id: agent.client_id } };
  const close = () => setDialog(undefined);
  const asks = (name: Dialog) => ({ opened: dialog === name, onClose: close });

  const tokens = { agent: agent.client_id };

  const activate = async () => {
    const { error } = await client.POST('/agents/{client_id}/activate', { params });
    if (error) throw error;
    await changed();
  };
  const suspend = async () => {
    await recalling(tokens, 'Suspended', async () => {
      const { error, response } = await client.POST('/agents/{client_id}/suspend', { params });
      if (error) throw error;
      return response;
    });
    await changed();
  };
  const rotate = async () => {
    const now = async () => {
      const { data, error, response } = await client.POST('/agents/{client_id}/rotate-secret', {
        params,
        body: { overlap_seconds: Number(overlap) },
      });
      if (error) throw error;
      setSecret(data.client_secret);
      return response;
    };
    // Only a secret that ends at once takes tokens with it.
    await (overlap === '0' ? recalling(tokens, 'Secret rotated', now, true) : now());
  };
  const remove = async () => {
    await recalling(tokens, 'Deleted', async () => {
      const { error, response } = await client.DELETE('/agents/{client_id}', { params });
      if (error) throw error;
      return response;
    });
    // Away first: this page would ask for an agent that is gone.
    await navigate({ to: '/clients' });
    await changed();
  };

  return (
    <>
      <Button variant="default" onClick={() => setDialog('edit')} disabled={!catalogue}>
        Edit
      </Button>
      {agent.platform === 'other' && (
        <Button variant="default" onClick={() => setDialog('rotate')}>
          Rotate secret
        </Button>
      )}
      {agent.status === 'active' ? (
        <Button color="red" onClick={() => setDialog('suspend')}>
          Suspend
        </Button>
      ) : (
        <Button onClick={() => setDialog('activate')}>Activate</Button>
      )}
      <Button color="red" variant="outline" onClick={() => setDialog('delete')}>
        Delete
      </Button>

      {dialog === 'edit' && catalogue && <EditAgent agent={agent} catalogue={catalogue} onClose={close} />}
      <ConfirmDialog {...asks('suspend')} title={`Suspend ${agent.name}?`} confirm="Suspend" act={suspend}>
        <Text mb="sm">It gets no more tokens, from this moment, by any delegation. Its delegations stay, and Activate undoes it.</Text>
        <Outstanding clientId={agent.client_id} />
      </ConfirmDialog>
      <ConfirmDialog {...asks('activate')} title={`Activate ${agent.name}?`} confirm="Activate" danger={false} act={activate}>
        It gets tokens again for everything that is delegated to it now.
      </ConfirmDialog>
      <ConfirmDialog {...asks('rotate')} title="Make a new client secret?" confirm="Rotate secret" danger={overlap === '0'} act={rotate}>
        <Text mb="sm">The new secret is shown once. Give it to the agent while the old one still works.</Text>
        <Select label="The old secret" allowDeselect={false} data={overlaps} value={overlap} onChange={(v) => v && setOverlap(v)} />
      </ConfirmDialog>
      <ConfirmDialog {...asks('delete')} title={`Delete ${agent.name}?`} confirm="Delete" act={remove}>
        <Text mb="sm">
          It gets no more tokens, and its delegations end. This cannot be undone; a new agent would have another Client ID. The audit log
          keeps its name.
        </Text>
        <Outstanding clientId={agent.client_id} />
      </ConfirmDialog>
      <SecretDialog
        secret={secret}
        title="New client secret"
        label="Client secret"
        onClose={() => {
          setSecret(undefined);
          void changed();
        }}
      />
    </>
  );
}
