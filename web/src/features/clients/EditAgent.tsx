import { Select, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { useChanged } from '@/api/changed';
import { client } from '@/api/client';
import type { Agent, Catalogue } from '@/api/types';
import { FormDialog } from '@/ui/FormDialog';
import { focusFirstError, useSave } from '@/ui/forms';
import { recalling } from '@/ui/RecallNotice';
import { AttestationChoice } from './AttestationChoice';
import { type AgentValues, changesOf, valuesOf } from './edit';
import { SelectorRows } from './SelectorRows';
import { filled, missingName, onRows, type Row } from './selectors';

interface Props {
  agent: Agent;
  catalogue: Catalogue;
  onClose: () => void;
}

/** Mounted while it is open, so that it starts from what the agent is now. */
export function EditAgent({ agent, catalogue, onClose }: Props) {
  const platform = catalogue.platforms.find((p) => p.key === agent.platform);
  const changed = useChanged();
  // As it was when the form opened: the page may get a newer one meanwhile.
  const [start] = useState(() => valuesOf(agent, platform));
  const form = useForm<AgentValues>({
    mode: 'controlled',
    initialValues: start,
    validate: {
      name: (v) => (v.trim() ? null : 'Enter a name.'),
      selectors: { name: (_, all, path) => missingName(all.selectors[Number(path.split('.')[1])] as Row) },
    },
  });
  const { submit, ...saving } = useSave(async (v: AgentValues) => {
    const body = changesOf(start, v);
    if (body) {
      const patch = async () => {
        const { error, response } = await client.PATCH('/agents/{client_id}', { params: { path: { client_id: agent.client_id } }, body });
        if (error) throw onRows(error, filled(v.selectors).rows);
        return response;
      };
      // What proves it decides what is recalled; a name does not.
      await (body.selectors || body.attestation ? recalling({ agent: agent.client_id }, 'Agent saved', patch, true) : patch());
    }
    onClose();
    await changed();
  }, form);
  return (
    <FormDialog
      title="Edit agent"
      onClose={onClose}
      onSubmit={form.onSubmit(submit, focusFirstError)}
      saving={saving}
      submit="Save"
      size="lg"
    >
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
    </FormDialog>
  );
}
