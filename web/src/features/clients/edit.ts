import type { Agent, Schema } from '@/api/types';
import type { Choice } from './AttestationChoice';
import { filled, type Row, rowsOf } from './selectors';

export interface AgentValues {
  name: string;
  type: string;
  selectors: Row[];
  attestation: Choice;
}

type Editable = Pick<Agent, 'name' | 'type' | 'selectors' | 'attestation' | 'attestation_chosen'>;

export const valuesOf = (agent: Editable, platform: Schema<'Platform'> | undefined): AgentValues => ({
  name: agent.name,
  type: agent.type,
  selectors: platform ? rowsOf(agent.selectors, platform) : [],
  attestation: agent.attestation_chosen ? agent.attestation : '',
});

/**
 * What the form changed of what it started from, or undefined for nothing. The
 * rest is not sent, so that it does not undo what somebody else changed meanwhile.
 */
export function changesOf(start: AgentValues, now: AgentValues): Schema<'AgentUpdate'> | undefined {
  const selectors = filled(now.selectors).selectors;
  const changes: Schema<'AgentUpdate'> = {
    ...(start.name === now.name.trim() ? {} : { name: now.name.trim() }),
    ...(start.type === now.type ? {} : { type: now.type }),
    ...(JSON.stringify(filled(start.selectors).selectors) === JSON.stringify(selectors) ? {} : { selectors }),
    ...(now.attestation === '' || start.attestation === now.attestation ? {} : { attestation: now.attestation }),
  };
  return Object.keys(changes).length > 0 ? changes : undefined;
}
