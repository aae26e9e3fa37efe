import { Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { catalogueQuery } from '@/api/catalogue';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import { FormButtons } from '@/ui/FormButtons';
import { FormProblem } from '@/ui/FormProblem';
import { focusFirstError, useSave } from '@/ui/forms';
import { LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { FailureAlert, Loading, Section } from '@/ui/states';
import { ProviderFields } from './ProviderFields';
import { bodyOf, emptyValues, type Values } from './values';

export function NewProviderPage() {
  const { data, error, refetch } = useQuery(catalogueQuery);
  return (
    <Page
      title="Add identity provider"
      description="An OpenID Connect issuer that knows people. What it says of workloads is believed nowhere."
      above={[
        <LinkTo key="providers" to="/settings/identity-providers">
          Identity providers
        </LinkTo>,
      ]}
    >
      <FailureAlert failure={data ? null : error} retry={() => void refetch()} title="The form could not be loaded" />
      {!data && !error && <Loading lines={8} />}
      {data && <NewProvider publicUrl={data.server.public_url} />}
    </Page>
  );
}

function NewProvider({ publicUrl }: { publicUrl: string }) {
  const changed = useChanged();
  const navigate = useNavigate();
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: emptyValues,
    validate: {
      name: (v) => (v.trim() ? null : 'Enter a name.'),
      issuer: (v) => (v.trim() ? null : 'Enter the issuer.'),
    },
  });
  const { submit, saving, problem } = useSave(async (v: Values) => {
    const { data, error } = await client.POST('/identity-providers', { body: bodyOf(v) });
    if (error) throw error;
    await navigate({ to: '/settings/identity-providers/$id', params: { id: data.id } });
    await changed();
  }, form);
  return (
    <form onSubmit={form.onSubmit(submit, focusFirstError)} noValidate>
      <Section title="What it says of people">
        <Stack gap="md" maw={720}>
          <ProviderFields form={form} redirectUri={`${publicUrl.replace(/\/$/, '')}/api/v1/sign-in/callback`} />
          <FormProblem problem={problem} />
          <FormButtons
            submit="Add identity provider"
            saving={saving}
            onCancel={() => void navigate({ to: '/settings/identity-providers' })}
          />
        </Stack>
      </Section>
    </form>
  );
}
