import type { UseFormReturnType } from '@mantine/form';
import { AgentsField } from '@/ui/AgentsField';
import { AudiencesField } from '@/ui/AudiencesField';
import { DurationField } from '@/ui/DurationField';
import { SenderConstraintField } from '@/ui/SenderConstraint';
import type { TermValues } from './values';

interface Props {
  // biome-ignore lint/suspicious/noExplicitAny: any form that has TermValues
  form: UseFormReturnType<any>;
  /** The agent's client ID, once it is chosen. */
  agent: string | undefined;
  /** The server's cap of a token's life; unknown while it loads. */
  maximum: number | undefined;
}

/** How long, where and by whom the tokens can be used. */
export function TermFields({ form, agent, maximum }: Props) {
  const v = form.getValues() as TermValues;
  return (
    <>
      <DurationField
        value={v.duration}
        onChange={(d) => form.setFieldValue('duration', d)}
        error={form.errors.duration}
        maximum={maximum}
        plain="Of one token. For the next one the person must be present again."
      />
      <AudiencesField value={v.resources} onChange={(r) => form.setFieldValue('resources', r)} error={form.errors.resources} />
      <AgentsField value={v.sub_agents} onChange={(a) => form.setFieldValue('sub_agents', a)} own={agent} error={form.errors.sub_agents} />
      <SenderConstraintField
        value={v.sender_constrained}
        onChange={(c) => form.setFieldValue('sender_constrained', c)}
        error={form.errors.sender_constrained}
      />
    </>
  );
}
