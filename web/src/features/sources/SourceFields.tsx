import { TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { Catalogue } from '@/api/types';
import { KubernetesFields } from './KubernetesFields';
import { OidcFields } from './OidcFields';
import { SpiffeFields } from './SpiffeFields';
import type { Values } from './values';

interface Props {
  form: UseFormReturnType<Values>;
  catalogue: Catalogue;
}

/** The settings of the form's kind. */
export function SourceFields({ form, catalogue }: Props) {
  switch (form.getValues().kind) {
    case 'kubernetes':
      return <KubernetesFields form={form} />;
    case 'spiffe':
      return <SpiffeFields form={form} trustDomain={catalogue.server.trust_domain} />;
    case 'oidc':
      return <OidcFields form={form} catalogue={catalogue} />;
    case 'unix':
      return (
        <TextInput
          label="Docker API"
          description="Knows the container of a process: its labels, image and environment. Without it, containers are not looked up."
          placeholder="unix:///var/run/docker.sock"
          maxLength={1024}
          {...form.getInputProps('unix.docker_host')}
        />
      );
  }
}
