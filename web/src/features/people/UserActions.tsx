import { Button, Text } from '@mantine/core';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { useSession } from '@/api/session';
import type { Schema } from '@/api/types';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { Lent } from './Lent';
import { type SetupLink, SetupLinkDialog } from './SetupLinkDialog';

export function UserActions({ user }: { user: Schema<'User'> }) {
  const [dialog, setDialog] = useState<'suspend' | 'activate' | 'link'>();
  const [link, setLink] = useState<SetupLink>();
  const changed = useChanged();
  const params = { path: { id: user.id } };
  const close = () => setDialog(undefined);
  const asks = (name: typeof dialog) => ({ opened: dialog === name, onClose: close });
  const who = user.name || user.email;
  const me = useSession().user.id === user.id;

  const setStatus = async (status: Schema<'UserStatus'>) => {
    const { error } = await client.PATCH('/users/{id}', { params, body: { status } });
    if (error) throw error;
    await changed();
  };
  const makeLink = async () => {
    const { data, error } = await client.POST('/users/{id}/setup-link', { params });
    if (error) throw error;
    setLink({ url: data.setup_url, ends: data.expires_at });
  };

  return (
    <>
      <Button variant="default" onClick={() => setDialog('link')}>
        New set-up link
      </Button>
      {user.status === 'active' ? (
        <Button color="red" onClick={() => setDialog('suspend')}>
          Suspend
        </Button>
      ) : (
        <Button onClick={() => setDialog('activate')}>Activate</Button>
      )}
      <ConfirmDialog {...asks('suspend')} title={`Suspend ${who}?`} confirm="Suspend" act={() => setStatus('suspended')}>
        <Text mb="sm">
          They cannot sign in, their sessions end at once, their API tokens are refused, and what they lent stops with the agents’ next
          token. Activate undoes it, except that they sign in anew.
        </Text>
        {me && (
          <Text mb="sm" fw={600}>
            This is your own account: you are signed out, and only another admin can activate it again.
          </Text>
        )}
        <Lent userId={user.id} />
      </ConfirmDialog>
      <ConfirmDialog {...asks('activate')} title={`Activate ${who}?`} confirm="Activate" danger={false} act={() => setStatus('active')}>
        <Text mb="sm">They can sign in again, and agents get tokens again for what they lent.</Text>
      </ConfirmDialog>
      <ConfirmDialog {...asks('link')} title={`Make a set-up link for ${who}?`} confirm="Make the link" danger={false} act={makeLink}>
        By it they choose a new password. Links made earlier stop working.
      </ConfirmDialog>
      <SetupLinkDialog
        link={link}
        onClose={() => {
          setLink(undefined);
          void changed();
        }}
      />
    </>
  );
}
