import { Group, Radio, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { catalogueQuery } from '@/api/catalogue';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import type { Catalogue } from '@/api/types';
import { FormButtons } from '@/ui/FormButtons';
import { FormProblem } from '@/ui/FormProblem';
import { focusFirstError, useSave } from '@/ui/forms';
import { LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { FailureAlert, Loading, Section } from '@/ui/states';
import { type Kind, kindOptions, kinds } from './kinds';
import { SourceFields } from './SourceFields';
import { TestToken } from './TestToken';
import { emptyValues, renamed, settingsOf, type Values } from './values';

export function NewSourcePage() {
  const { data, error, refetch } = useQuery(catalogueQuery);
  return (
    <Page
      title="Add workload source"
      above={[
        <LinkTo key="sources" to="/settings/workload-sources">
          Workload sources
        </LinkTo>,
      ]}
    >
      <FailureAlert failure={data ? null : error} retry={() => void refetch()} title="The platforms could not be loaded" />
      {!data && !error && <Loading lines={8} />}
      {data && <NewSource catalogue={data} />}
    </Page>
  );
}

function NewSource({ catalogue }: { catalogue: Catalogue }) {
  const changed = useChanged();
  const navigate = useNavigate();
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: emptyValues(catalogue.server.public_url),
    validate: { name: (v) => (v.trim() ? null : 'Enter a name.') },
  });
  const values = form.getValues();
  const { submit, saving, problem } = useSave(
    async (v: Values) => {
      const { data, error } = await client.POST('/workload-sources', { body: { name: v.name.trim(), kind: v.kind, ...settingsOf(v) } });
      if (error) throw error;
      await navigate({ to: '/settings/workload-sources/$id', params: { id: data.id } });
      await changed();
    },
    form,
    renamed,
  );
  const test = async (token: string) => {
    const v = form.getValues();
    const { data, error } = await client.POST('/workload-sources/test', { body: { kind: v.kind, ...settingsOf(v), token } });
    if (error) throw error;
    return data;
  };
  return (
    <>
      <form onSubmit={form.onSubmit(submit, focusFirstError)} noValidate>
        <Section title="What it verifies">
          <Stack gap="md" maw={720}>
            <TextInput label="Name" placeholder="Production cluster" required maxLength={256} {...form.getInputProps('name')} />
            <Radio.Group label="Kind" value={values.kind} onChange={(kind) => form.setFieldValue('kind', kind as Kind)}>
              <Group gap="lg" mt="xs">
                {kindOptions.map((k) => (
                  <Radio key={k.value} value={k.value} label={k.label} description={kinds[k.value].help} />
                ))}
              </Group>
            </Radio.Group>
            <SourceFields form={form} catalogue={catalogue} />
            <FormProblem problem={problem} />
            <FormButtons
              submit="Add workload source"
              saving={saving}
              onCancel={() => void navigate({ to: '/settings/workload-sources' })}
            />
          </Stack>
        </Section>
      </form>
      {values.kind !== 'unix' && <TestToken test={test} />}
    </>
  );
}
