import { Button, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import type { Schema } from '@/api/types';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { FormDialog } from '@/ui/FormDialog';
import { focusFirstError, useSave } from '@/ui/forms';
import { SecretDialog } from '@/ui/SecretDialog';

type Server = Schema<'Resource'>;

export function ServerActions({ server }: { server: Server }) {
  const [dialog, setDialog] = useState<'rename' | 'rotate' | 'delete'>();
  const [secret, setSecret] = useState<string>();
  const changed = useChanged();
  const navigate = useNavigate();
  const params = { path: { id: server.id } };
  const close = () => setDialog(undefined);

  const rotate = async () => {
    const { data, error } = await client.POST('/resources/{id}/rotate-secret', { params });
    if (error) throw error;
    setSecret(data.resource_secret);
  };
  const remove = async () => {
    const { error } = await client.DELETE('/resources/{id}', { params });
    if (error) throw error;
    // Away first: this page would ask for a server that is gone.
    await navigate({ to: '/clients', search: { tab: 'servers' } });
    await changed();
  };

  return (
    <>
      <Button variant="default" onClick={() => setDialog('rename')}>
        Rename
      </Button>
      <Button variant="default" onClick={() => setDialog('rotate')}>
        Rotate secret
      </Button>
      <Button color="red" variant="outline" onClick={() => setDialog('delete')}>
        Delete
      </Button>
      {dialog === 'rename' && <Rename server={server} onClose={close} />}
      <ConfirmDialog opened={dialog === 'rotate'} onClose={close} title="Make a new resource secret?" confirm="Rotate secret" act={rotate}>
        The old secret stops working at once: until the server has the new one, it cannot ask whether a token still counts.
      </ConfirmDialog>
      <ConfirmDialog opened={dialog === 'delete'} onClose={close} title={`Delete ${server.name}?`} confirm="Delete" act={remove}>
        Its secret stops working. This is refused while a delegation that is not revoked lists its URI.
      </ConfirmDialog>
      <SecretDialog
        secret={secret}
        title="New resource secret"
        label="Resource secret"
        onClose={() => {
          setSecret(undefined);
          void changed();
        }}
      />
    </>
  );
}

function Rename({ server, onClose }: { server: Server; onClose: () => void }) {
  const changed = useChanged();
  const form = useForm({
    mode: 'controlled',
    initialValues: { name: server.name },
    validate: { name: (v) => (v.trim() ? null : 'Enter a name.') },
  });
  const { submit, ...saving } = useSave(async (v: { name: string }) => {
    const { error } = await client.PATCH('/resources/{id}', { params: { path: { id: server.id } }, body: { name: v.name.trim() } });
    if (error) throw error;
    onClose();
    await changed();
  }, form);
  return (
    <FormDialog title="Rename MCP server" onClose={onClose} onSubmit={form.onSubmit(submit, focusFirstError)} saving={saving} submit="Save">
      <TextInput label="MCP Server Name" required maxLength={256} data-autofocus {...form.getInputProps('name')} />
    </FormDialog>
  );
}
