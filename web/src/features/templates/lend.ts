import type { Schema } from '@/api/types';
import { sayDuration } from '@/lib/duration';
import { list } from '@/lib/text';

type Condition = Schema<'ClaimCondition'>;

export const any = '*';

const isAny = ({ values }: Condition) => values.length === 1 && values[0] === any;
const isFilled = ({ claim, values }: Condition) => claim.trim() !== '' && values.length > 0;

function either(values: readonly string[]): string {
  if (values.length < 2) return values.join('');
  return `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

/** One condition in words: `whose “groups” has support or sales`. */
const sayCondition = (c: Condition): string => (isAny(c) ? `who has any “${c.claim}”` : `whose “${c.claim}” is or has ${either(c.values)}`);

export interface Draft {
  provider: string | undefined;
  conditions: readonly Condition[];
  agent: string | undefined;
  role: string | null;
  actions: readonly string[];
  /** Null while it is not a number. */
  seconds: number | null;
}

/** What a person who meets the conditions can lend, in one sentence, or what it still lacks. */
export function sayLend({ provider, conditions, agent, role, actions, seconds }: Draft): string {
  const filled = conditions.filter(isFilled);
  const missing = [
    ...(agent ? [] : ['an agent']),
    ...(provider ? [] : ['an identity provider']),
    ...(filled.length > 0 ? [] : ['a condition']),
    ...(role ? [] : ['a role']),
    ...(actions.length > 0 ? [] : ['at least one action']),
    ...(seconds !== null && seconds > 0 ? [] : ['a maximum duration']),
  ];
  if (missing.length > 0 || seconds === null) return `Still to choose: ${list(missing)}.`;
  return (
    `Whoever signs in at ${provider}, ${list(filled.map(sayCondition))}, can lend ${agent} ${list(actions)} of ${role} ` +
    `while they are present, in tokens of at most ${sayDuration(seconds)}. They need not hold the role themselves.`
  );
}

/** What to say of conditions that let in more people than one may think; null for others. */
export function warnOf(conditions: readonly Condition[], provider: string | undefined): string | null {
  const filled = conditions.filter(isFilled);
  if (filled.length === 0) return null;
  const open = filled.filter(isAny);
  if (open.length === filled.length)
    return `Everybody whom ${provider ?? 'the identity provider'} knows meets this: "*" is any value. Name the values, such as a group, unless you mean everybody.`;
  return null;
}
