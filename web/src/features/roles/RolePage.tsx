import { Button, Text } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useAll } from '@/api/all';
import { useChanged } from '@/api/changed';
import { $api, client } from '@/api/client';
import { useCan } from '@/api/session';
import type { Schema } from '@/api/types';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { ActionNames } from '@/ui/Explained';
import { LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { FailureAlert, Loading, Section } from '@/ui/states';
import { Absent, isThere, Outdated } from '@/ui/thing';
import { EditRole } from './EditRole';
import { RoleHolders } from './RoleHolders';

/** One role: its actions, who would feel a change, who holds it. */
export function RolePage({ name }: { name: string }) {
  const can = useCan();
  const writes = can('roles.write');
  const query = $api.useQuery('get', '/roles/{name}', { params: { path: { name } } });
  const above = [
    <LinkTo key="roles" to="/access/roles">
      Roles
    </LinkTo>,
  ];
  if (!isThere(query)) {
    return (
      <Page title="Role" above={above}>
        <Absent query={query} what="role" />
      </Page>
    );
  }
  const role = query.data;
  return (
    <Page title={role.name} above={above} description={role.description} actions={writes && <DeleteRole name={role.name} />}>
      <Outdated query={query} what="role" />
      {writes ? <Editor role={role} /> : <RoleActions actions={role.actions} />}
      {can('users.read') && <RoleHolders role={role.name} />}
    </Page>
  );
}

function Editor({ role }: { role: Schema<'Role'> }) {
  const { data, error, refetch } = useAll('/actions');
  if (data) return <EditRole role={role} all={data} />;
  return error ? (
    <FailureAlert failure={error} retry={() => void refetch()} title="The actions could not be loaded" />
  ) : (
    <Loading lines={6} />
  );
}

function RoleActions({ actions }: { actions: readonly string[] }) {
  return (
    <Section title="Actions">
      {actions.length === 0 && <Text c="dimmed">This role has no actions: there is nothing to lend of it.</Text>}
      <ActionNames names={actions} />
    </Section>
  );
}

function DeleteRole({ name }: { name: string }) {
  const [asking, setAsking] = useState(false);
  const changed = useChanged();
  const navigate = useNavigate();
  const remove = async () => {
    const { error } = await client.DELETE('/roles/{name}', { params: { path: { name } } });
    if (error) throw error;
    // Away first: this page would ask for a role that is gone.
    await navigate({ to: '/access/roles' });
    await changed();
  };
  return (
    <>
      <Button color="red" variant="outline" onClick={() => setAsking(true)}>
        Delete
      </Button>
      <ConfirmDialog opened={asking} onClose={() => setAsking(false)} title={`Delete ${name}?`} confirm="Delete" act={remove}>
        Nobody can hold or lend it any more. This is refused while a user holds it or a delegation that is not revoked lends it.
      </ConfirmDialog>
    </>
  );
}
