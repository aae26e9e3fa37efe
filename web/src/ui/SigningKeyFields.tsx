import { NumberInput, SegmentedControl, Stack, Text, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useId } from 'react';
import type { Keys } from './signing-keys';

interface Props {
  // biome-ignore lint/suspicious/noExplicitAny: any form that has KeyValues under `at`
  form: UseFormReturnType<any>;
  /** Where in the form they are, such as `oidc.`; empty: at its top. */
  at?: string;
}

const choices: { value: Keys; label: string }[] = [
  { value: 'discover', label: 'Discovered' },
  { value: 'url', label: 'From a URL' },
  { value: 'inline', label: 'Pasted' },
];

/** Where an issuer's keys come from, and how old its tokens may be. */
export function SigningKeyFields({ form, at = '' }: Props) {
  const id = useId();
  const keys: Keys = form.getInputProps(`${at}keys`).value;
  return (
    <>
      <Stack gap={4}>
        <Text id={id} fz="sm" fw={600}>
          Signing keys
        </Text>
        <SegmentedControl
          aria-labelledby={id}
          data={choices}
          value={keys}
          onChange={(value) => form.setFieldValue(`${at}keys`, value as Keys)}
        />
        {keys === 'discover' && (
          <Text fz="sm" c="dimmed">
            The server asks the issuer for its configuration and its keys.
          </Text>
        )}
      </Stack>
      {keys === 'url' && (
        <TextInput
          label="URL of the key set"
          description="A JWK Set over https."
          required
          maxLength={2048}
          {...form.getInputProps(`${at}jwks_url`)}
        />
      )}
      {keys === 'inline' && (
        <Textarea
          label="Key set"
          description="The JWK Set, for an issuer that this server cannot reach. Paste the new one before the issuer changes its keys."
          placeholder='{"keys": [ … ]}'
          required
          autosize
          minRows={4}
          maxRows={12}
          maxLength={262144}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
          {...form.getInputProps(`${at}jwks`)}
        />
      )}
      <Textarea
        label="Certificate authorities"
        description="In PEM, if the issuer's certificate is of a private authority."
        placeholder="-----BEGIN CERTIFICATE-----"
        autosize
        minRows={2}
        maxRows={8}
        maxLength={65536}
        {...form.getInputProps(`${at}ca_bundle`)}
      />
      <NumberInput
        label="Longest life of a token, in seconds"
        description="Older ones are refused. Without a number: a little over one hour."
        min={60}
        max={86400}
        allowDecimal={false}
        allowNegative={false}
        {...form.getInputProps(`${at}max_token_seconds`)}
      />
    </>
  );
}
