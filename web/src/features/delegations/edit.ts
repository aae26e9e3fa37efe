import type { Delegation, Schema } from '@/api/types';
import { inUnit } from '@/lib/duration';
import { instantOf, localOf } from '@/lib/local-time';
import { without } from '@/lib/merge';
import { type Duration, secondsOf } from '@/ui/DurationInput';
import { type Constraint, weakens } from '@/ui/SenderConstraint';

export interface Values {
  actions: string[];
  duration: Duration;
  /** Local time, or null for open-ended. */
  ends_at: string | null;
  resources: string[];
  sub_agents: Pick<Schema<'AgentRef'>, 'client_id' | 'name'>[];
  sender_constrained: Constraint;
}

type Editable = 'actions' | 'max_duration_seconds' | 'ends_at' | 'resources' | 'sub_agents' | 'sender_constrained';

export const valuesOf = (d: Pick<Delegation, Editable>): Values => ({
  actions: d.actions,
  duration: inUnit(d.max_duration_seconds),
  ends_at: localOf(d.ends_at ?? undefined),
  resources: d.resources,
  sub_agents: d.sub_agents,
  sender_constrained: d.sender_constrained,
});

export const idsOf = (agents: Values['sub_agents']): string[] => agents.map((a) => a.client_id);

const same = (a: readonly string[], b: readonly string[]) => a.length === b.length && new Set([...a, ...b]).size === a.length;

/**
 * What the form changed of what it started from, or undefined for nothing. The
 * rest is not sent, so that it does not undo what somebody else changed meanwhile.
 */
export function changesOf(start: Values, now: Values): Schema<'DelegationUpdate'> | undefined {
  const seconds = secondsOf(now.duration);
  const changes: Schema<'DelegationUpdate'> = {
    ...(same(start.actions, now.actions) ? {} : { actions: now.actions }),
    ...(seconds === null || seconds === secondsOf(start.duration) ? {} : { max_duration_seconds: seconds }),
    ...(same(start.resources, now.resources) ? {} : { resources: now.resources }),
    ...(same(idsOf(start.sub_agents), idsOf(now.sub_agents)) ? {} : { sub_agents: idsOf(now.sub_agents) }),
    ...(start.sender_constrained === now.sender_constrained ? {} : { sender_constrained: now.sender_constrained }),
    ...(start.ends_at === now.ends_at ? {} : { ends_at: instantOf(now.ends_at) ?? null }),
  };
  return Object.keys(changes).length > 0 ? changes : undefined;
}

/** Whether less is lent than before in any way, so that tokens that are out may be recalled. */
export function narrows(start: Values, now: Values): boolean {
  const sooner = now.ends_at !== null && (start.ends_at === null || now.ends_at < start.ends_at);
  // No audience means the default one, which is neither more nor less than others.
  const elsewhere = without(start.resources, now.resources).length > 0 || (start.resources.length === 0 && now.resources.length > 0);
  return (
    sooner ||
    elsewhere ||
    without(start.actions, now.actions).length > 0 ||
    (secondsOf(now.duration) ?? 0) < (secondsOf(start.duration) ?? 0) ||
    without(idsOf(start.sub_agents), idsOf(now.sub_agents)).length > 0 ||
    // What is stricter one way is weaker the other way.
    weakens(now.sender_constrained, start.sender_constrained)
  );
}
