import { Button, Group, List, Text, Textarea } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import type { Agent } from '@/api/types';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { FormDialog } from '@/ui/FormDialog';
import { focusFirstError, useSave } from '@/ui/forms';
import { recalling } from '@/ui/RecallNotice';
import { Section } from '@/ui/states';
import { readKeySet } from './key-set';

/** The public keys of an agent that signs its own proof (private_key_jwt). */
export function AgentKeys({ agent, editable }: { agent: Agent; editable: boolean }) {
  const [dialog, setDialog] = useState<'set' | 'clear'>();
  const changed = useChanged();
  const keys = agent.keys ?? [];
  const close = () => setDialog(undefined);
  const clear = async () => {
    const take = async () => {
      const { error, response } = await client.DELETE('/agents/{client_id}/keys', { params: { path: { client_id: agent.client_id } } });
      if (error) throw error;
      return response;
    };
    await recalling({ agent: agent.client_id }, 'Keys taken away', take, true);
    await changed();
  };
  return (
    <Section
      title="Keys"
      aside={
        editable && (
          <Group gap="xs">
            <Button size="xs" variant="default" onClick={() => setDialog('set')}>
              Set keys
            </Button>
            {keys.length > 0 && (
              <Button size="xs" variant="outline" color="red" onClick={() => setDialog('clear')}>
                Take keys away
              </Button>
            )}
          </Group>
        )
      }
    >
      {keys.length === 0 ? (
        <Text fz="sm" c="dimmed">
          It proves itself by its client secret. With a key of its own it can sign its proof instead, and no secret travels.
        </Text>
      ) : (
        <List fz="sm" aria-label="Public keys">
          {keys.map((k) => (
            <List.Item key={k.kid ?? k.kty} style={{ overflowWrap: 'anywhere' }}>
              {[k.kid ?? 'without a key ID', k.kty, k.alg].filter(Boolean).join(' · ')}
            </List.Item>
          ))}
        </List>
      )}
      {dialog === 'set' && <SetKeys agent={agent} onClose={close} />}
      <ConfirmDialog
        opened={dialog === 'clear'}
        onClose={close}
        title={`Take the keys of ${agent.name} away?`}
        confirm="Take keys away"
        act={clear}
      >
        What it signs is no proof any more, at once. Its client secret goes on working.
      </ConfirmDialog>
    </Section>
  );
}

function SetKeys({ agent, onClose }: { agent: Agent; onClose: () => void }) {
  const changed = useChanged();
  const form = useForm({
    mode: 'controlled',
    initialValues: { keys: '' },
    validate: {
      keys: (v) => {
        const read = readKeySet(v);
        return typeof read === 'string' ? read : null;
      },
    },
  });
  const { submit, ...saving } = useSave(async ({ keys }: { keys: string }) => {
    const body = readKeySet(keys);
    if (typeof body === 'string') return;
    const { error } = await client.PUT('/agents/{client_id}/keys', { params: { path: { client_id: agent.client_id } }, body });
    if (error) throw error;
    onClose();
    await changed();
  }, form);
  return (
    <FormDialog
      title={`Keys of ${agent.name}`}
      onClose={onClose}
      onSubmit={form.onSubmit(submit, focusFirstError)}
      saving={saving}
      submit="Set keys"
    >
      <Text fz="sm">
        They take the place of those that are there. Only public members are accepted; the private key stays with the agent.
      </Text>
      <Textarea
        label="JWK Set"
        placeholder='{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "2026-11", "x": "…"}]}'
        required
        data-autofocus
        autosize
        minRows={5}
        maxRows={14}
        spellCheck={false}
        {...form.getInputProps('keys')}
      />
    </FormDialog>
  );
}
