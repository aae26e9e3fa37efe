import { Modal, SegmentedControl, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { catalogueQuery } from '@/api/catalogue';
import { useChanged } from '@/api/changed';
import { SecretDialog } from '@/ui/SecretDialog';
import { FailureAlert } from '@/ui/states';
import { OnboardAgentForm } from './OnboardAgentForm';
import { OnboardServerForm } from './OnboardServerForm';

export type Kind = 'agent' | 'server';

interface Props {
  /** What is being onboarded; closed while undefined. */
  kind: Kind | undefined;
  onKind: (kind: Kind) => void;
  onClose: () => void;
}

type Made = { kind: Kind; id: string; secret: string };

/** The modal, then a secret if there is one, then the new client's page. */
export function OnboardClient({ kind, onKind, onClose }: Props) {
  const catalogue = useQuery(catalogueQuery);
  const navigate = useNavigate();
  const changed = useChanged();
  const [made, setMade] = useState<Made>();

  const open = async (client: { kind: Kind; id: string }) => {
    // In the modal's place in the history, so that Back does not open it again.
    const replace = true;
    if (client.kind === 'agent') await navigate({ to: '/clients/agents/$clientId', params: { clientId: client.id }, replace });
    else await navigate({ to: '/clients/servers/$id', params: { id: client.id }, replace });
    await changed();
  };
  const finish = async (client: { kind: Kind; id: string; secret?: string | undefined }) => {
    if (client.secret === undefined) await open(client);
    else setMade({ ...client, secret: client.secret });
  };

  return (
    <>
      <Modal
        // Once its form can be shown: the focus goes to what is there when it opens.
        opened={kind !== undefined && made === undefined && !catalogue.isPending}
        onClose={onClose}
        title="Onboard New Client"
        size="lg"
        closeOnClickOutside={false}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Stack gap="md">
          <SegmentedControl
            aria-label="What to onboard"
            fullWidth
            value={kind ?? 'agent'}
            onChange={(v) => onKind(v as Kind)}
            data={[
              { value: 'server', label: 'MCP Server' },
              { value: 'agent', label: 'AI Agent' },
            ]}
          />
          {/* Both stay, so that each keeps what was typed. */}
          <div hidden={kind !== 'server'}>
            <OnboardServerForm
              shown={kind === 'server'}
              onCancel={onClose}
              onMade={(server) => finish({ kind: 'server', id: server.id, secret: server.resource_secret })}
            />
          </div>
          <div hidden={kind !== 'agent'}>
            <FailureAlert failure={catalogue.data ? null : catalogue.error} retry={() => void catalogue.refetch()} />
            {catalogue.data && (
              <OnboardAgentForm
                shown={kind === 'agent'}
                catalogue={catalogue.data}
                onCancel={onClose}
                onMade={(agent) => finish({ kind: 'agent', id: agent.client_id, secret: agent.client_secret })}
              />
            )}
          </div>
        </Stack>
      </Modal>
      <SecretDialog
        secret={made?.secret}
        title="Onboarded"
        label={made?.kind === 'server' ? 'Resource secret' : 'Client secret'}
        onClose={() => {
          if (made) void open(made);
        }}
      >
        <Text fz="sm">
          {made?.kind === 'server'
            ? 'The server uses it to ask whether a token still counts (introspection).'
            : 'Give it to the agent as AUTHSEC_CLIENT_SECRET_FILE, never in its code.'}
        </Text>
      </SecretDialog>
    </>
  );
}
