import type { Schema } from '@/api/types';

export interface UsersSearch {
  q?: string | undefined;
  level?: Schema<'Level'> | undefined;
  status?: Schema<'UserStatus'> | undefined;
  role?: string | undefined;
}

export type SetUsersSearch = (change: Partial<UsersSearch>) => void;
