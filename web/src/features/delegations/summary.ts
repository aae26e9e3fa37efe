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
}

/** The delegation in one sentence, or what it still lacks. */
export function summarize({ agent, role, actions, seconds, endsAt, audiences = [] }: Draft): string {
  const missing = [
    ...(role ? [] : ['a role']),
    ...(agent ? [] : ['an agent']),
    ...(actions.length > 0 ? [] : ['at least one action']),
    ...(seconds !== null && seconds > 0 ? [] : ['a maximum duration']),
  ];
  if (missing.length > 0 || seconds === null) return `Still to choose: ${list(missing)}.`;
  const at = audiences.length > 0 ? ` at ${list(audiences)}` : '';
  const until = endsAt ? `, until ${formatTime(endsAt)}` : '';
  return `${agent} may ${list(actions)} for you as ${role}${at}, with tokens of at most ${sayDuration(seconds)}${until}.`;
}

const long = 8 * 3600;

/** What to say about a maximum duration: the server's cap first, then the nudge. */
export function durationNote(seconds: number | null, cap: number | undefined): string | null {
  if (seconds === null) return null;
  if (cap !== undefined && seconds > cap) return `This server caps tokens at ${sayDuration(cap)}.`;
  if (seconds > long) return 'A stolen token works until it expires. Use the shortest duration that fits.';
  return null;
}
