import { useSuspenseQuery } from '@tanstack/react-query';
import { $api } from './client';
import type { Permission, Session } from './types';

/** The current session; `_console` has loaded it before any page shows. */
export const sessionQuery = $api.queryOptions('get', '/session', undefined, { staleTime: 30_000 });

export const useSession = (): Session => useSuspenseQuery(sessionQuery).data as Session;

/** What the console may offer; the server decides each request anew. */
export function useCan(): (permission: Permission) => boolean {
  const { permissions } = useSession();
  return (permission) => permissions.includes(permission);
}
