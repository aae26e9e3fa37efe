import { Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useRef } from 'react';
import { client } from '@/api/client';
import type { AgentWithSecret, Catalogue } from '@/api/types';
import { FormButtons } from '@/ui/FormButtons';
import { FormProblem } from '@/ui/FormProblem';
import { focusFirstError, useSave } from '@/ui/forms';
import { AttestationChoice, type Choice } from './AttestationChoice';
import { SelectorRows } from './SelectorRows';
import { filled, missingName, onRows, type Row, readyRows } from './selectors';

interface Props {
  /** Whether it is the one that is seen, and so takes the focus. */
  shown: boolean;
  catalogue: Catalogue;
  onCancel: () => void;
  onMade: (agent: AgentWithSecret) => Promise<void>;
}

interface Values {
  name: string;
  type: string;
  platform: string;
  selectors: Row[];
  attestation: Choice;
}

/** The guide's Step 1. */
export function OnboardAgentForm({ shown, catalogue, onCancel, onMade }: Props) {
  const first = catalogue.platforms[0];
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: {
      name: '',
      type: (catalogue.agent_types.find((t) => t.value === 'langchain') ?? catalogue.agent_types[0])?.value ?? '',
      platform: first?.key ?? '',
      selectors: first ? readyRows(first) : [],
      attestation: '',
    },
    validate: {
      name: (v) => (v.trim() ? null : 'Enter a name.'),
      selectors: { name: (_, all, path) => missingName(all.selectors[Number(path.split('.')[1])] as Row) },
    },
  });
  const values = form.getValues();
  const platform = catalogue.platforms.find((p) => p.key === values.platform);
  const left = useRef(new Map<string, Row[]>());

  // What was typed for a platform is there again when it is chosen again.
  const choosePlatform = (key: string | null) => {
    const next = catalogue.platforms.find((p) => p.key === key);
    if (!next || next.key === values.platform) return;
    left.current.set(values.platform, values.selectors);
    form.setValues({ platform: next.key, selectors: left.current.get(next.key) ?? readyRows(next) });
    form.clearErrors();
  };

  const { submit, saving, problem } = useSave(async (v: Values) => {
    const { selectors, rows } = filled(v.selectors);
    const { data, error } = await client.POST('/agents', {
      body: {
        name: v.name.trim(),
        type: v.type,
        platform: v.platform,
        selectors,
        ...(v.attestation ? { attestation: v.attestation } : {}),
      },
    });
    if (error) throw onRows(error, rows);
    await onMade(data);
  }, form);

  return (
    <form onSubmit={form.onSubmit(submit, focusFirstError)} noValidate>
      <Stack gap="md">
        <TextInput
          label="AI Agent Name"
          placeholder="Customer Support"
          required
          maxLength={256}
          data-autofocus={shown || undefined}
          {...form.getInputProps('name')}
        />
        <Group gap="sm" align="flex-start" grow preventGrowOverflow={false}>
          <Select
            label="Platform"
            required
            allowDeselect={false}
            data={catalogue.platforms.map((p) => ({ value: p.key, label: p.label }))}
            {...form.getInputProps('platform')}
            onChange={choosePlatform}
          />
          <Select
            label="Type"
            required
            allowDeselect={false}
            data={catalogue.agent_types.map((t) => ({ value: t.value, label: t.label }))}
            {...form.getInputProps('type')}
          />
        </Group>
        {platform && (
          <>
            <Text fz="sm" c="dimmed">
              {platform.help}
            </Text>
            <SelectorRows platform={platform} form={form} />
            <AttestationChoice
              platform={platform}
              server={catalogue.server}
              value={values.attestation}
              onChange={(v) => form.setFieldValue('attestation', v)}
              error={form.errors.attestation}
              fresh
            />
          </>
        )}
        <FormProblem problem={problem} />
        <FormButtons submit="+ Onboard" saving={saving} onCancel={onCancel} />
      </Stack>
    </form>
  );
}
