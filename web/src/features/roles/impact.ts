import type { Schema } from '@/api/types';
import { count } from '@/lib/text';

type Impact = Schema<'RoleImpact'>;

/** What the choice would take from the role and give to it. */
export function difference(before: readonly string[], after: readonly string[]): { added: string[]; removed: string[] } {
  const [old, next] = [new Set(before), new Set(after)];
  return { added: after.filter((a) => !old.has(a)), removed: before.filter((a) => !next.has(a)) };
}

/** A delegation that the change leaves with nothing: tokens are refused from then on. */
export const emptied = (d: Schema<'DelegationImpact'>): boolean => d.lost.length > 0 && d.remaining.length === 0;

/** Those that are hurt most come first. */
export const bySeverity = (delegations: Impact['delegations']): Impact['delegations'] =>
  delegations.toSorted((a, b) => Number(emptied(b)) - Number(emptied(a)) || b.lost.length - a.lost.length);

export function sayImpact(impact: Pick<Impact, 'total_agents' | 'total_delegations'>): string {
  if (impact.total_delegations === 0) return 'No delegation and no agent feels this.';
  return `${count(impact.total_agents, 'agent')} and ${count(impact.total_delegations, 'delegation')} feel this with their next token.`;
}
