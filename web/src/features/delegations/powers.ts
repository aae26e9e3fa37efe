import type { Delegation } from '@/api/types';

export interface Reader {
  /** The reader lent it. */
  mine: boolean;
  /** The reader may change everybody's. */
  admin: boolean;
}

type Standing = Pick<Delegation, 'status' | 'disabled_by_admin' | 'disabled_by_delegator' | 'ends_at'>;

/**
 * Each side disables by a word of its own, and only lifts that: the delegator's,
 * and the administrators'. An administrator's own delegation has the delegator's.
 */
export function offered(d: Standing, { mine, admin }: Reader): { disable: boolean; enable: boolean } {
  if (d.status === 'revoked' || !(mine || admin)) return { disable: false, enable: false };
  return {
    disable: mine ? !d.disabled_by_delegator : !d.disabled_by_admin,
    enable: (admin && d.disabled_by_admin) || (mine && d.disabled_by_delegator && (admin || !d.disabled_by_admin)),
  };
}

/** What Disable does, beyond what is so already. */
export function sayDisable(d: Standing, agent: string, { mine }: Reader): string {
  if (d.status !== 'disabled')
    return `${agent} gets no more tokens by it until it is enabled again.${mine ? '' : ' Only an administrator can enable it then.'}`;
  return mine
    ? 'An administrator disabled it already. With this it stays disabled when they enable it, until you do too.'
    : 'Its delegator disabled it already. With this it stays disabled when they enable it, until an administrator does too.';
}

/** What Enable does: not always tokens. */
export function sayEnable(d: Standing, agent: string, { mine }: Reader, now: Date): string {
  if (d.disabled_by_delegator && !mine) return 'Its delegator disabled it too: it stays disabled until they enable it.';
  if (d.ends_at && new Date(d.ends_at) <= now)
    return `Its end date has passed: ${agent} gets no tokens by it until its delegator moves the date.`;
  return `${agent} gets tokens by it again.`;
}
