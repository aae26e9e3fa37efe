import { QueryClient } from '@tanstack/react-query';
import { getConnection, onConnection } from './connection';
import { statusOf, Unreachable } from './problem';

/** Asked again only when the server was away or not ready. */
const worthRetrying = (count: number, failure: unknown) => count < 2 && (failure instanceof Unreachable || statusOf(failure) === 503);

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { retry: worthRetrying, staleTime: 5_000, refetchOnWindowFocus: true, networkMode: 'always' },
    mutations: { retry: false, networkMode: 'always' },
  },
});

onConnection(() => {
  if (getConnection() === 'up') void queryClient.invalidateQueries();
});
