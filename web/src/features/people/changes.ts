import type { Schema } from '@/api/types';
import { mergeSet, mergeValue, without } from '@/lib/merge';

export type Values = Pick<Schema<'User'>, 'name' | 'level' | 'roles'>;

export const valuesOf = ({ name, level, roles }: Values): Values => ({ name, level, roles });

/** What was typed over a user as it was, put over the same user as others have left it. */
export const rebase = (was: Values, typed: Values, is: Values): Values => ({
  name: mergeValue(was.name, typed.name, is.name),
  level: mergeValue(was.level, typed.level, is.level),
  roles: mergeSet(was.roles, typed.roles, is.roles),
});

/** Which of the fields that were touched somebody else has set to something else. */
export const clashes = (was: Values, typed: Values, is: Values): ('name' | 'level')[] =>
  (['name', 'level'] as const).filter((f) => typed[f] !== was[f] && is[f] !== was[f] && is[f] !== typed[f]);

/** What PATCH sends: only what differs from the user, so that two people who edit different things do not undo each other's. */
export function patchOf(is: Values, wanted: Values): Schema<'UserUpdate'> {
  const roles = without(is.roles, wanted.roles).length > 0 || without(wanted.roles, is.roles).length > 0;
  return {
    ...(wanted.name.trim() === is.name ? {} : { name: wanted.name.trim() }),
    ...(wanted.level === is.level ? {} : { level: wanted.level }),
    ...(roles ? { roles: wanted.roles } : {}),
  };
}

export const isEmpty = (patch: Schema<'UserUpdate'>): boolean => Object.keys(patch).length === 0;

/** What a person can do no longer at another level; nothing, when they lose nothing. */
export function lost(from: Schema<'Level'>, to: Schema<'Level'>): string | null {
  if (from === to || to === 'admin' || from === 'auditor') return null;
  if (from === 'member') return 'They can lend nothing more, and make no API tokens. What they have lent already goes on.';
  const lent = 'What they lent of roles that they do not hold stops with the agents’ next token.';
  return to === 'member'
    ? `They can change only what is their own here, and see no users, keys or other people’s delegations. ${lent}`
    : `They still see everything, but change nothing and lend nothing more. ${lent}`;
}
