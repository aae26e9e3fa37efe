import { Radio, Stack, Switch, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { KeyFields } from './KeyFields';
import type { Values } from './values';

export function KubernetesFields({ form }: { form: UseFormReturnType<Values> }) {
  const { access } = form.getValues().kubernetes;
  return (
    <>
      <KeyFields
        form={form}
        kind="kubernetes"
        issuerExample="https://kubernetes.default.svc.cluster.local"
        audienceHelp="Dedicated to this server. The pod's projected volume asks for it."
      />
      <Radio.Group
        label="Access to the cluster's API"
        description="Pod labels, images and container names are looked up there. Without it, agents can be told apart by namespace, service account, pod and node alone."
        {...form.getInputProps('kubernetes.access')}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="none" label="None" />
          <Radio value="in_cluster" label="As the server's own service account" description="For a server that runs in the cluster." />
          <Radio value="kubeconfig" label="With a kubeconfig file" />
        </Stack>
      </Radio.Group>
      {access === 'kubeconfig' && (
        <>
          <TextInput
            label="Kubeconfig"
            description="The path of a file on the server. One that runs a program for its credentials is refused."
            placeholder="/etc/authsec/kubeconfig"
            required
            maxLength={1024}
            {...form.getInputProps('kubernetes.kubeconfig')}
          />
          <TextInput
            label="Context"
            description="Without one, the file's current context."
            maxLength={256}
            {...form.getInputProps('kubernetes.context')}
          />
        </>
      )}
      {access !== 'none' && (
        <Switch
          label="Have the API verify each token"
          description="TokenReview also refuses tokens whose pod or service account is gone."
          {...form.getInputProps('kubernetes.token_review', { type: 'checkbox' })}
        />
      )}
    </>
  );
}
