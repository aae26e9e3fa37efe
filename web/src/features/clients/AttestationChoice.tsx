import { Accordion, Alert, Radio, Stack } from '@mantine/core';
import { IconAlertTriangle, IconShieldCheck } from '@tabler/icons-react';
import type { Agent, Schema } from '@/api/types';
import { outlook } from './attestation';

/** The empty string leaves it to the server. */
export type Choice = Agent['attestation'] | '';

interface Props {
  platform: Schema<'Platform'>;
  server: Schema<'ServerInfo'>;
  value: Choice;
  onChange: (value: Choice) => void;
  error?: React.ReactNode;
  /** An agent that exists has a mode; leaving it to the server is for new ones. */
  fresh: boolean;
}

const color = { good: 'teal', warning: 'yellow', danger: 'red' } as const;

/** Says whether the agent will be attested and by what, and lets a person choose otherwise. */
export function AttestationChoice({ platform, server, value, onChange, error, fresh }: Props) {
  const { tone, title, text } = outlook(platform, value || null, server);
  const Icon = tone === 'good' ? IconShieldCheck : IconAlertTriangle;
  const byDefault = outlook(platform, null, server).mode === 'required' ? 'Required' : 'Permissive';
  return (
    <Stack gap="xs">
      <Alert color={color[tone]} title={title} icon={<Icon aria-hidden />} role="status" c="var(--mantine-color-text)">
        {text}
      </Alert>
      <Accordion variant="contained" defaultValue={error ? 'advanced' : null} order={3}>
        <Accordion.Item value="advanced">
          <Accordion.Control>Advanced</Accordion.Control>
          <Accordion.Panel>
            <Radio.Group label="Attestation" value={value} onChange={(v) => onChange(v as Choice)} error={error}>
              <Stack gap="sm" mt="xs">
                {fresh && (
                  <Radio value="" label={`This server's default (${byDefault})`} description="Follows what can be verified here." />
                )}
                <Radio value="required" label="Required" description="Tokens only with proof of the workload." />
                <Radio
                  value="permissive"
                  label="Permissive"
                  disabled={server.attestation_required}
                  description={
                    server.attestation_required
                      ? 'This server forbids permissive agents.'
                      : 'Tokens without proof: for trying out, not for production.'
                  }
                />
              </Stack>
            </Radio.Group>
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
      {error && (
        <Alert color="red" role="alert">
          {error}
        </Alert>
      )}
    </Stack>
  );
}
