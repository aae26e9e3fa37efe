import { NumberInput, SegmentedControl, Stack, Text, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { Keys, Values } from './values';

interface Props {
  form: UseFormReturnType<Values>;
  kind: 'kubernetes' | 'oidc';
  /** What the audience can be. */
  audienceHelp: string;
  issuerExample: string;
}

const choices: { value: Keys; label: string }[] = [
  { value: 'discover', label: 'Discovered' },
  { value: 'url', label: 'From a URL' },
  { value: 'inline', label: 'Pasted' },
];

/** Who signs the tokens, for whom they are, and where the keys come from. */
export function KeyFields({ form, kind, audienceHelp, issuerExample }: Props) {
  const { keys } = form.getValues()[kind];
  return (
    <>
      <TextInput
        label="Issuer"
        description="The tokens' “iss”, exactly."
        placeholder={issuerExample}
        required
        maxLength={2048}
        {...form.getInputProps(`${kind}.issuer`)}
      />
      <TextInput label="Audience" description={audienceHelp} required maxLength={2048} {...form.getInputProps(`${kind}.audience`)} />
      <Stack gap={4}>
        <Text id={`${kind}-keys`} fz="sm" fw={600}>
          Signing keys
        </Text>
        <SegmentedControl
          aria-labelledby={`${kind}-keys`}
          data={choices}
          value={keys}
          onChange={(value) => form.setFieldValue(`${kind}.keys`, value as Keys)}
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
          {...form.getInputProps(`${kind}.jwks_url`)}
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
          {...form.getInputProps(`${kind}.jwks`)}
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
        {...form.getInputProps(`${kind}.ca_bundle`)}
      />
      <NumberInput
        label="Longest life of a token, in seconds"
        description="Older ones are refused. Without a number: a little over one hour."
        min={60}
        max={86400}
        allowDecimal={false}
        allowNegative={false}
        {...form.getInputProps(`${kind}.max_token_seconds`)}
      />
    </>
  );
}
