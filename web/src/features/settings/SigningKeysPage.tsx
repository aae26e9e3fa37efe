import { Badge, Button, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconKey } from '@tabler/icons-react';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { useList } from '@/api/list';
import { useCan } from '@/api/session';
import type { Schema } from '@/api/types';
import { Clip } from '@/ui/Clip';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { Snippet } from '@/ui/copy';
import { ListTable } from '@/ui/ListTable';
import { Page } from '@/ui/Page';
import { Empty } from '@/ui/states';
import { When } from '@/ui/When';

const states: Record<Schema<'SigningKeyState'>, [string, string]> = {
  pending: ['blue', 'Pending'],
  active: ['teal', 'Active'],
  retired: ['gray', 'Retired'],
  dropped: ['red', 'Dropped'],
};

function KeyState({ state }: { state: Schema<'SigningKeyState'> }) {
  const [color, label] = states[state];
  return (
    <Badge variant="light" radius="sm" tt="none" fw={600} c="var(--mantine-color-text)" color={color}>
      {label}
    </Badge>
  );
}

/** What signs tokens, and what verifies them. */
export function SigningKeysPage() {
  const can = useCan();
  const keys = useList('/keys', {});
  return (
    <Page
      title="Signing keys"
      description="The keys that sign tokens. A pending key is published and does not sign yet; the active one signs; a retired one verifies what is out; a dropped one is published no longer."
      actions={can('keys.rotate') && <RotateKey />}
    >
      <ListTable
        label="Signing keys"
        list={keys}
        keyOf={(k) => k.kid}
        columns={[
          { header: 'Key ID', cell: (k) => <Clip text={k.kid} ff="monospace" /> },
          { header: 'Algorithm', width: 110, optional: true, cell: (k) => k.alg },
          { header: 'State', width: 110, cell: (k) => <KeyState state={k.state} /> },
          { header: 'Published', width: 130, optional: true, cell: (k) => <When time={k.published_at} /> },
          { header: 'Signs since', width: 130, cell: (k) => <When time={k.active_at} /> },
          { header: 'Retires', width: 130, optional: true, cell: (k) => <When time={k.retires_at} never="not planned" /> },
        ]}
        details={{
          name: (k) => k.kid,
          render: (k) =>
            k.public_jwk ? (
              <Snippet label="Public JWK" code={JSON.stringify(k.public_jwk, null, 2)} />
            ) : (
              <Text fz="sm">The server no longer gives this key out.</Text>
            ),
        }}
        empty={
          <Empty icon={IconKey} title="No signing keys">
            The server makes its first key when it starts.
          </Empty>
        }
      />
    </Page>
  );
}

function RotateKey() {
  const [asking, setAsking] = useState(false);
  const changed = useChanged();
  const rotate = async () => {
    const { error } = await client.POST('/keys/rotate');
    if (error) throw error;
    notifications.show({ color: 'teal', message: 'The new key is published.' });
    await changed();
  };
  return (
    <>
      <Button onClick={() => setAsking(true)}>Rotate signing key</Button>
      <ConfirmDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title="Rotate the signing key?"
        confirm="Rotate signing key"
        danger={false}
        act={rotate}
      >
        <Text mb="sm">
          A new key is published now. It signs once verifiers have had time to fetch it; until then the present key signs.
        </Text>
        <Text>The old key stays published and verifies the tokens that are out, until the last of them has expired.</Text>
      </ConfirmDialog>
    </>
  );
}
