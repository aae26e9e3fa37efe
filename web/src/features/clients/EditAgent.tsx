import { Modal, Select, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import type { Agent, Catalogue } from '@/api/types';
import { FormButtons } from '@/ui/FormButtons';
import { FormProblem } from '@/ui/FormProblem';
import { focusFirstError, useSave } from '@/ui/forms';
import { AttestationChoice, type Choice } from './AttestationChoice';
import { SelectorRows } from './SelectorRows';
import { filled, missingName, onRows, type Row, rowsOf } from './selectors';

interface Props {
  agent: Agent;
  catalogue: Catalogue;
  onClose: () => void;
}

interface Values {
  name: string;
  type: string;
  selectors: Row[];
  attestation: Choice;
}

/** Mounted while it is open, so that it starts from what the agent is now. */
export function EditAgent({ agent, catalogue, onClose }: Props) {
  const platform = catalogue.platforms.find((p) => p.key === agent.platform);
  const changed = useChanged();
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: {
      name: agent.name,
      type: agent.type,
      selectors: platform ? rowsOf(agent.selectors, platform) : [],
      attestation: agent.attestation_chosen ? agent.attestation : '',
    },
    validate: {
      name: (v) => (v.trim() ? null : 'Enter a name.'),
      selectors: { name: (_, all, path) => missingName(all.selectors[Number(path.split('.')[1])] as Row) },
    },
  });
  const { submit, saving, problem } = useSave(async (v: Values) => {
    const { selectors, rows } = filled(v.selectors);
    const { error } = await client.PATCH('/agents/{client_id}', {
      params: { path: { client_id: agent.client_id } },
      body: {
        name: v.name.trim(),
        type: v.type,
        ...(platform && platform.selectors.length > 0 ? { selectors } : {}),
        ...(v.attestation ? { attestation: v.attestation } : {}),
      },
    });
    if (error) throw onRows(error, rows);
    onClose();
    await changed();
  }, form);
  return (
    <Modal opened onClose={onClose} title="Edit agent" size="lg" closeOnClickOutside={false} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.onSubmit(submit, focusFirstError)} noValidate>
        <Stack gap="md">
          <TextInput label="AI Agent Name" required maxLength={256} data-autofocus {...form.getInputProps('name')} />
          <Select
            label="Type"
            required
            allowDeselect={false}
            data={catalogue.agent_types.map((t) => ({ value: t.value, label: t.label }))}
            {...form.getInputProps('type')}
          />
          {platform && (
            <>
              <SelectorRows platform={platform} form={form} />
              <AttestationChoice
                platform={platform}
                server={catalogue.server}
                value={form.getValues().attestation}
                onChange={(v) => form.setFieldValue('attestation', v)}
                error={form.errors.attestation}
                fresh={!agent.attestation_chosen}
              />
            </>
          )}
          <FormProblem problem={problem} />
          <FormButtons submit="Save" saving={saving} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
