import type { Schema } from '@/api/types';
import { inUnit } from '@/lib/duration';
import { type Duration, secondsOf } from '@/ui/DurationInput';

export type Template = Schema<'DelegationTemplate'>;
type Condition = Schema<'ClaimCondition'>;

/** What can be changed later. */
export interface TermValues {
  name: string;
  conditions: Condition[];
  actions: string[];
  duration: Duration;
  resources: string[];
  sub_agents: Pick<Schema<'AgentRef'>, 'client_id' | 'name'>[];
  sender_constrained: Schema<'SenderConstraint'>;
}

/** All of a new one. */
export interface Values extends TermValues {
  client_id: string;
  identity_provider_id: string;
  role: string | null;
}

export const emptyValues: Values = {
  name: '',
  client_id: '',
  identity_provider_id: '',
  conditions: [{ claim: '', values: [] }],
  role: null,
  actions: [],
  duration: { count: 15, unit: 'minutes' },
  resources: [],
  sub_agents: [],
  sender_constrained: 'none',
};

/** A template as its form shows it. */
export const valuesOf = (t: Template): TermValues => ({
  name: t.name,
  conditions: t.conditions.map((c) => ({ claim: c.claim, values: [...c.values] })),
  actions: t.actions,
  duration: inUnit(t.max_duration_seconds),
  resources: t.resources,
  sub_agents: t.sub_agents,
  sender_constrained: t.sender_constrained,
});

const termsOf = (v: TermValues) => ({
  name: v.name.trim(),
  conditions: v.conditions.map((c) => ({ claim: c.claim.trim(), values: c.values })),
  actions: [...v.actions].sort(),
  max_duration_seconds: secondsOf(v.duration) ?? 0,
  resources: [...v.resources].sort(),
  sub_agents: v.sub_agents.map((a) => a.client_id).sort(),
  sender_constrained: v.sender_constrained,
});

/** What is sent to add one. */
export const bodyOf = (v: Values): Schema<'DelegationTemplateCreate'> => ({
  ...termsOf(v),
  client_id: v.client_id,
  identity_provider_id: v.identity_provider_id,
  role: v.role ?? '',
});

/**
 * What the form changed of what it started from, or undefined for nothing. The
 * rest is not sent, so that it does not undo what somebody else changed meanwhile.
 */
export function changesOf(start: TermValues, now: TermValues): Schema<'DelegationTemplateUpdate'> | undefined {
  const before = new Map(Object.entries(termsOf(start)));
  const changes = Object.entries(termsOf(now)).filter(([key, value]) => JSON.stringify(before.get(key)) !== JSON.stringify(value));
  return changes.length > 0 ? Object.fromEntries(changes) : undefined;
}

/** Where the API's field names differ from the form's. */
export const renamed: Record<string, string> = { max_duration_seconds: 'duration' };

export const checks = {
  name: (v: string) => (v.trim() ? null : 'Enter a name.'),
  conditions: {
    claim: (v: string) => (v.trim() ? null : 'Enter a claim.'),
    values: (v: readonly string[]) => (v.length > 0 ? null : 'Enter at least one value, or "*".'),
  },
};
