import { sayDuration } from '@/lib/duration';
import { list } from '@/lib/text';
import { formatTime } from '@/lib/time';

export interface Draft {
  agent: string | undefined;
  role: string | null;
  actions: readonly string[];
  /** Null while it is not a number. */
  seconds: number | null;
  endsAt?: string | undefined;
  audiences?: readonly string[];
  /** The names of those to whom it may hand on. */
  subAgents?: readonly string[];
}

/** The delegation in one sentence, or what it still lacks. */
export function summarize({ agent, role, actions, seconds, endsAt, audiences = [], subAgents = [] }: Draft): string {
  const missing = [
    ...(role ? [] : ['a role']),
    ...(agent ? [] : ['an agent']),
    ...(actions.length > 0 ? [] : ['at least one action']),
    ...(seconds !== null && seconds > 0 ? [] : ['a maximum duration']),
  ];
  if (missing.length > 0 || seconds === null) return `Still to choose: ${list(missing)}.`;
  const at = audiences.length > 0 ? ` at ${list(audiences)}` : '';
  const until = endsAt ? `, until ${formatTime(endsAt)}` : '';
  const on = subAgents.length > 0 ? ` It may hand them on to ${list(subAgents)}.` : '';
  return `${agent} may ${list(actions)} for you as ${role}${at}, with tokens of at most ${sayDuration(seconds)}${until}.${on}`;
}
