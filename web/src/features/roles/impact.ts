import type { Schema } from '@/api/types';
import { without } from '@/lib/merge';
import { count } from '@/lib/text';

type Impact = Schema<'RoleImpact'>;

/** What the choice would take from the role and give to it. */
export function difference(before: readonly string[], after: readonly string[]): { added: string[]; removed: string[] } {
  return { added: without(after, before), removed: without(before, after) };
}

/** A delegation that the change leaves with nothing: tokens are refused from then on. */
export const emptied = (d: Schema<'DelegationImpact'>): boolean => d.lost.length > 0 && d.remaining.length === 0;

/** Those that are hurt most come first. */
export const bySeverity = (delegations: Impact['delegations']): Impact['delegations'] =>
  delegations.toSorted((a, b) => Number(emptied(b)) - Number(emptied(a)) || b.lost.length - a.lost.length);

/** The server looks at this many of the role's delegations (api/openapi.yaml). */
const lookedAt = 200;

/** How many of the role's delegations were not looked at; they may feel it too. */
const unseen = (impact: Pick<Impact, 'total_delegations'>): number => Math.max(0, impact.total_delegations - lookedAt);

/** A number of what was seen: of all there is, or of a part of it. */
export const sayCount = (impact: Pick<Impact, 'total_delegations'>, n: number, one: string): string =>
  `${unseen(impact) > 0 ? 'at least ' : ''}${count(n, one)}`;

export function sayImpact(impact: Pick<Impact, 'agents' | 'delegations' | 'total_delegations'>): string {
  const { agents, delegations } = impact;
  const rest = unseen(impact);
  const more = rest > 0 ? ` ${count(rest, 'further delegation')} of this role ${rest === 1 ? 'was' : 'were'} not looked at.` : '';
  if (delegations.length === 0)
    return rest > 0 ? `Of the first ${lookedAt} delegations none feels this.${more}` : 'No delegation and no agent feels this.';
  const felt = `${sayCount(impact, agents.length, 'agent')} and ${count(delegations.length, 'delegation')} feel this with their next token.`;
  return `${felt[0]?.toUpperCase()}${felt.slice(1)}${more}`;
}
