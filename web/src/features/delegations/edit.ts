import type { Delegation, Schema } from '@/api/types';
import { inUnit } from '@/lib/duration';
import { instantOf, localOf } from '@/lib/local-time';
import { type Duration, secondsOf } from '@/ui/DurationInput';

export interface Values {
  actions: string[];
  duration: Duration;
  /** Local time, or null for open-ended. */
  ends_at: string | null;
  resources: string[];
}

export const valuesOf = (d: Pick<Delegation, 'actions' | 'max_duration_seconds' | 'ends_at' | 'resources'>): Values => ({
  actions: d.actions,
  duration: inUnit(d.max_duration_seconds),
  ends_at: localOf(d.ends_at ?? undefined),
  resources: d.resources,
});

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
    ...(start.ends_at === now.ends_at ? {} : { ends_at: instantOf(now.ends_at) ?? null }),
  };
  return Object.keys(changes).length > 0 ? changes : undefined;
}
