import { Radio, Stack, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { Values } from './values';

export function SpiffeFields({ form, trustDomain }: { form: UseFormReturnType<Values>; trustDomain: string }) {
  const { bundle } = form.getValues().spiffe;
  return (
    <>
      <TextInput
        label="Trust domain"
        description={`The node agents of ${trustDomain}, this server's own, vouch for its agents on every platform.`}
        placeholder={trustDomain}
        required
        maxLength={255}
        {...form.getInputProps('spiffe.trust_domain')}
      />
      <TextInput
        label="Audience"
        description="The only audience that a JWT-SVID may have."
        required
        maxLength={2048}
        {...form.getInputProps('spiffe.audience')}
      />
      <Radio.Group label="Trust bundle" description="Where the trust domain's keys come from." {...form.getInputProps('spiffe.bundle')}>
        <Stack gap="xs" mt="xs">
          <Radio value="workload_api" label="From the Workload API on this machine" />
          <Radio value="https_web" label="From a bundle endpoint (https_web)" />
          <Radio value="https_spiffe" label="From a bundle endpoint that has an SVID of its own (https_spiffe)" />
          <Radio value="file" label="From a file" description="It is read again when it changes." />
        </Stack>
      </Radio.Group>
      {bundle === 'workload_api' && (
        <TextInput
          label="Workload API"
          placeholder="unix:///run/spire/sockets/agent.sock"
          required
          maxLength={1024}
          {...form.getInputProps('spiffe.workload_api')}
        />
      )}
      {(bundle === 'https_web' || bundle === 'https_spiffe') && (
        <TextInput
          label="Bundle endpoint"
          placeholder="https://spire.example.com:8443"
          required
          maxLength={2048}
          {...form.getInputProps('spiffe.bundle_url')}
        />
      )}
      {bundle === 'https_spiffe' && (
        <TextInput
          label="The endpoint's SPIFFE ID"
          placeholder={`spiffe://${trustDomain}/spire/server`}
          required
          maxLength={2048}
          {...form.getInputProps('spiffe.endpoint_spiffe_id')}
        />
      )}
      {(bundle === 'https_spiffe' || bundle === 'file') && (
        <TextInput
          label="Bundle file"
          description={
            bundle === 'file' ? 'The path of a file on the server.' : 'The path of a file on the server: the bundle to begin with.'
          }
          placeholder="/etc/authsec/bundle.json"
          required
          maxLength={1024}
          {...form.getInputProps('spiffe.bundle_file')}
        />
      )}
      {bundle === 'https_web' && (
        <Textarea
          label="Certificate authorities"
          description="In PEM, if the endpoint's certificate is of a private authority."
          placeholder="-----BEGIN CERTIFICATE-----"
          autosize
          minRows={2}
          maxRows={8}
          maxLength={65536}
          {...form.getInputProps('spiffe.ca_bundle')}
        />
      )}
    </>
  );
}
