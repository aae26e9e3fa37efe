import { Button } from '@mantine/core';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { useWhole } from '@/api/list';
import type { Schema } from '@/api/types';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { Identities, type Link } from '@/ui/Identities';
import { Section } from '@/ui/states';
import { LinkIdentity } from './LinkIdentity';

/** As whom the user signs in from identity providers, and lends while present. */
export function UserIdentities({ user, editable }: { user: Schema<'User'>; editable: boolean }) {
  const [linking, setLinking] = useState(false);
  const [ending, setEnding] = useState<Link>();
  const changed = useChanged();
  const identities = useWhole('/users/{id}/identities', { path: { id: user.id } });
  const unlink = async () => {
    if (!ending) return;
    const { error } = await client.DELETE('/users/{id}/identities/{identity_provider_id}', {
      params: { path: { id: user.id, identity_provider_id: ending.identity_provider.id }, query: { subject: ending.subject } },
    });
    if (error) throw error;
    await changed();
  };
  return (
    <Section
      title="Linked identities"
      aside={
        editable && (
          <Button size="xs" variant="default" onClick={() => setLinking(true)}>
            Link an identity
          </Button>
        )
      }
    >
      <Identities
        label="Linked identities"
        list={identities}
        none="They sign in with a password alone, and lend by the trust delegations that they create."
        onRemove={editable ? setEnding : undefined}
      />
      {linking && <LinkIdentity user={user} onClose={() => setLinking(false)} />}
      <ConfirmDialog
        opened={ending !== undefined}
        onClose={() => setEnding(undefined)}
        title={`Unlink ${ending?.subject ?? 'it'}?`}
        confirm="Unlink"
        act={unlink}
      >
        They sign in from {ending?.identity_provider.name} no more, and the tokens that they lent while present are recalled. If that
        provider makes users of people who are not linked, they may come back as another user.
      </ConfirmDialog>
    </Section>
  );
}
