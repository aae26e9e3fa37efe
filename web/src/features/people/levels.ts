import type { Schema } from '@/api/types';
import type { Choice } from '@/ui/filters';

export const levels: readonly Choice<Schema<'Level'>>[] = [
  { value: 'admin', label: 'Admin' },
  { value: 'member', label: 'Member' },
  { value: 'auditor', label: 'Auditor' },
];

/** What each level may do, under the control that chooses it. */
export const levelHelp: Record<Schema<'Level'>, string> = {
  admin: 'May do everything here, and lend every role.',
  member: 'Lends the roles they hold, and sees their own delegations.',
  auditor: 'Sees everything and changes nothing.',
};
