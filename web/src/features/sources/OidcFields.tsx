import { ActionIcon, Button, Fieldset, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import type { Catalogue, Schema } from '@/api/types';
import { useRowFocus } from '@/ui/focus';
import { KeyFields } from './KeyFields';
import { fromPreset, type Values } from './values';

interface Props {
  form: UseFormReturnType<Values>;
  catalogue: Catalogue;
}

/** Claims make selectors: a new platform is configuration. */
export function OidcFields({ form, catalogue }: Props) {
  const { preset, platform } = form.getValues().oidc;
  const presets = catalogue.presets ?? [];
  const chosen = presets.find((p) => p.name === preset);
  const platforms = catalogue.platforms.filter((p) => p.proven_by.includes('oidc'));
  const selectors = platforms.find((p) => p.key === platform)?.selectors ?? [];
  return (
    <>
      <Select
        label="Preset"
        description={chosen?.help ?? 'Fills in what is the same for everybody.'}
        placeholder="None"
        clearable
        data={presets.map((p) => ({ value: p.name, label: p.label }))}
        value={preset || null}
        onChange={(name) => {
          const next = presets.find((p) => p.name === name);
          form.setFieldValue('oidc', next ? fromPreset(form.getValues().oidc, next) : { ...form.getValues().oidc, preset: '' });
        }}
        error={form.errors['oidc.preset']}
      />
      <Select
        label="Platform"
        description="Whose selectors it proves."
        required
        allowDeselect={false}
        data={platforms.map((p) => ({ value: p.key, label: p.label }))}
        {...form.getInputProps('oidc.platform')}
        value={platform || null}
      />
      <KeyFields
        form={form}
        kind="oidc"
        issuerExample={chosen?.issuer ?? 'https://issuer.example.com'}
        audienceHelp={chosen?.audience ?? 'What the workload asks its token for.'}
      />
      <Claims form={form} selectors={selectors} />
    </>
  );
}

function Claims({ form, selectors }: { form: UseFormReturnType<Values>; selectors: readonly Schema<'SelectorKey'>[] }) {
  const { claims } = form.getValues().oidc;
  const { list, removed } = useRowFocus<HTMLDivElement>();
  const error = form.errors['oidc.claims'];
  return (
    <Fieldset legend="Which claim is which selector">
      <Stack gap="sm" ref={list}>
        {claims.map((_, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place
          <Group key={i} data-row gap="xs" align="flex-start" wrap="wrap">
            <TextInput
              label={`Claim ${i + 1}`}
              placeholder="repository"
              description="A name, or a JSON Pointer"
              required
              maxLength={256}
              style={{ flex: '1 1 10rem' }}
              {...form.getInputProps(`oidc.claims.${i}.claim`)}
            />
            <TextInput
              label={`Selector ${i + 1}`}
              placeholder={selectors[0]?.key ?? 'oidc:name'}
              description="A key of the platform"
              required
              maxLength={256}
              list="selector-keys"
              style={{ flex: '1 1 10rem' }}
              {...form.getInputProps(`oidc.claims.${i}.selector`)}
            />
            <TextInput
              label={`Pattern ${i + 1}`}
              placeholder="The whole value"
              description="One group: the part to take"
              maxLength={256}
              style={{ flex: '1 1 10rem' }}
              {...form.getInputProps(`oidc.claims.${i}.pattern`)}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              mt={46}
              aria-label={`Remove claim ${i + 1}`}
              onClick={() => {
                form.removeListItem('oidc.claims', i);
                removed(i);
              }}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        ))}
        <datalist id="selector-keys">
          {selectors.map((s) => (
            <option key={s.key} value={s.key} label={s.label} />
          ))}
        </datalist>
        {error && (
          <Text c="red" fz="sm" role="alert">
            {error}
          </Text>
        )}
        <Group>
          <Button
            data-add
            variant="default"
            size="compact-sm"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={() => form.insertListItem('oidc.claims', { claim: '', selector: '', pattern: '' })}
          >
            Add claim
          </Button>
        </Group>
      </Stack>
    </Fieldset>
  );
}
