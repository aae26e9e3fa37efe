import type { Delegation } from '@/api/types';

/** The state of the dashboard, which its URL holds. */
export interface DelegationsSearch {
  q?: string | undefined;
  status?: Delegation['status'] | undefined;
  role?: string | undefined;
  client_id?: string | undefined;
  /** The delegation that was just made. */
  new?: string | undefined;
}

/** What the form of a new one starts from. */
export interface CreateDelegationSearch {
  client_id?: string | undefined;
  role?: string | undefined;
}
