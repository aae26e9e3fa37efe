import { useSuspenseQuery } from '@tanstack/react-query';
import { $api, client, once } from './client';
import { Unreachable } from './problem';
import type { Permission, Session } from './types';

/** The current session; `_console` has loaded it before any page shows. */
export const sessionQuery = $api.queryOptions('get', '/session', undefined, { staleTime: 30_000 });

export const useSession = (): Session => useSuspenseQuery(sessionQuery).data as Session;

/** The session as the server has it now, though it counts as lost here: it may have come about in another tab. */
export async function askSession(): Promise<Session | undefined> {
  try {
    return (await client.GET('/session', { fetch: once })).data;
  } catch (failure) {
    if (failure instanceof Unreachable) return undefined; // the banner says so
    throw failure;
  }
}

/** What the console may offer; the server decides each request anew. */
export function useCan(): (permission: Permission) => boolean {
  const { permissions } = useSession();
  return (permission) => permissions.includes(permission);
}
