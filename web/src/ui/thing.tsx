import { statusOf } from '@/api/problem';
import { FailureAlert, Loading } from './states';

/** What a page knows of its one thing, as TanStack Query has it. */
interface Query {
  data: unknown;
  error: unknown;
  refetch: () => unknown;
}

/** Whether there is something to show: it was had once, and is not known to be gone. */
export const isThere = <Thing,>(query: { data: Thing | undefined; error: unknown }): query is { data: Thing; error: unknown } =>
  query.data !== undefined && statusOf(query.error) !== 404;

/** In place of a page's thing (`what`: "agent"): it loads, it cannot be had, it never was, it is gone. */
export function Absent({ query, what, lines = 8 }: { query: Query; what: string; lines?: number }) {
  if (!query.error) return <Loading lines={lines} />;
  if (statusOf(query.error) !== 404)
    return <FailureAlert failure={query.error} retry={() => void query.refetch()} title={`This ${what} could not be loaded`} />;
  return <FailureAlert failure={query.error} title={query.data === undefined ? `There is no such ${what}` : `This ${what} is gone`} />;
}

/** Above a page's thing that could not be had anew: what is shown may be old. */
export function Outdated({ query, what }: { query: Query; what: string }) {
  if (!query.error) return null;
  return (
    <FailureAlert
      failure={query.error}
      retry={() => void query.refetch()}
      title={`This ${what} could not be renewed: what is shown may be old`}
    />
  );
}
