import { TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { SigningKeyFields } from '@/ui/SigningKeyFields';
import type { Values } from './values';

interface Props {
  form: UseFormReturnType<Values>;
  kind: 'kubernetes' | 'oidc';
  /** What the audience can be. */
  audienceHelp: string;
  issuerExample: string;
}

/** Who signs the tokens, for whom they are, and where the keys come from. */
export function KeyFields({ form, kind, audienceHelp, issuerExample }: Props) {
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
      <SigningKeyFields form={form} at={`${kind}.`} />
    </>
  );
}
