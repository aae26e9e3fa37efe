import { Fieldset, Stack, Switch, TagsInput, Text, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { CopyValue } from '@/ui/copy';
import { Fact } from '@/ui/Fact';
import { SigningKeyFields } from '@/ui/SigningKeyFields';
import type { Values } from './values';

interface Props {
  form: UseFormReturnType<Values>;
  /** What is to be registered at the provider for sign-in. */
  redirectUri: string;
  /** People are known by the issuer, so that it never changes. */
  issuerFixed?: boolean;
}

/** What is believed of an issuer, and what for. */
export function ProviderFields({ form, redirectUri, issuerFixed = false }: Props) {
  const { sign_in, audience } = form.getValues();
  return (
    <>
      <TextInput label="Name" placeholder="Company directory" required maxLength={256} data-autofocus {...form.getInputProps('name')} />
      {issuerFixed ? (
        <Fact label="Issuer">{form.getValues().issuer}</Fact>
      ) : (
        <TextInput
          label="Issuer"
          description="The tokens' “iss”, exactly. It cannot be changed later: people are known by it."
          placeholder="https://id.example.com/realms/staff"
          required
          maxLength={2048}
          {...form.getInputProps('issuer')}
        />
      )}
      <SigningKeyFields form={form} />
      <Fieldset legend="Lending by token exchange">
        <Stack gap="md">
          <Text fz="sm">
            An agent shows a token of the person for whom it works, and gets one of its own if a delegation template allows it.
          </Text>
          <TextInput
            label="Audience"
            description="What a person's token must be made for, dedicated to this server. Nobody lends by exchange if empty."
            placeholder="api://authsec"
            maxLength={2048}
            {...form.getInputProps('audience')}
          />
        </Stack>
      </Fieldset>
      <Fieldset legend="Sign-in to this console">
        <Stack gap="md">
          <Switch label="People sign in from there" {...form.getInputProps('sign_in', { type: 'checkbox' })} />
          {sign_in && (
            <>
              <Fact label="Redirect URI, to be registered there">
                <CopyValue value={redirectUri} label="Redirect URI" whole />
              </Fact>
              <TextInput
                label="Client ID"
                description="What the provider calls this server."
                placeholder="authsec"
                required
                maxLength={256}
                autoComplete="off"
                {...form.getInputProps('client_id')}
              />
              <TextInput
                label="Client secret file"
                description="The path of a file on the server. Without one it is a public client; PKCE is used in any case."
                placeholder="/etc/authsec/oidc-secret"
                maxLength={1024}
                autoComplete="off"
                {...form.getInputProps('client_secret_file')}
              />
              <TagsInput
                label="Scopes"
                description="Asked for besides openid. Press Enter after each."
                maxTags={20}
                acceptValueOnBlur
                {...form.getInputProps('scopes')}
              />
            </>
          )}
        </Stack>
      </Fieldset>
      {(sign_in || audience.trim() !== '') && (
        <Switch
          label="Make users of people who are not linked yet"
          description="At their first sign-in or exchange they become members without a role. Otherwise an administrator links them to a user before."
          {...form.getInputProps('create_users', { type: 'checkbox' })}
        />
      )}
    </>
  );
}
