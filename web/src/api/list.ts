import { keepPreviousData } from '@tanstack/react-query';
import { $api } from './client';
import type { Failure } from './problem';
import type { paths } from './schema.gen';
import type { Schema } from './types';

/** The paths that answer `{items, next_cursor?}`. */
export type ListPath = {
  [P in keyof paths]: paths[P] extends {
    get: { parameters: { query?: { cursor?: string } }; responses: { 200: { content: { 'application/json': { items: unknown[] } } } } };
  }
    ? P
    : never;
}[keyof paths];

type Get<P extends ListPath> = paths[P] extends { get: infer G } ? G : never;
export type ListQuery<P extends ListPath> = Get<P> extends { parameters: { query?: infer Q } } ? Omit<NonNullable<Q>, 'cursor'> : never;
export type ListItem<P extends ListPath> =
  Get<P> extends { responses: { 200: { content: { 'application/json': { items: (infer I)[] } } } } } ? I : never;

/** Under which TanStack Query keeps what useList has had, as `{pages, pageParams}`. */
export const listKey = <P extends ListPath>(path: P, query: ListQuery<P>) => ['get', path, { params: { query } }];

/** A list that grows page by page, in the shape that ui/ListTable shows. */
export interface List<Item> {
  items: Item[];
  /** Nothing has arrived yet. */
  loading: boolean;
  /** The items are those of the question before this one, whose answer is under way. */
  outdated: boolean;
  failure: Failure | null;
  retry: () => void;
  hasMore: boolean;
  loadMore: () => void;
  loadingMore: boolean;
}

export interface ListOptions {
  /** For paths with parameters. */
  path?: Record<string, string>;
  /** How often to ask again, in milliseconds. */
  refetchInterval?: number | false;
  enabled?: boolean;
}

/** Pages through a list of the API: `useList('/agents', {q: 'support'})`. */
export function useList<P extends ListPath>(path: P, query: ListQuery<P>, options: ListOptions = {}): List<ListItem<P>> {
  const { path: inPath, ...rest } = options;
  // The hook's own types do not go through a generic path; ListPath has checked it.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  const useInfinite = $api.useInfiniteQuery as any;
  const result = useInfinite(
    'get',
    path,
    { params: { query, ...(inPath ? { path: inPath } : {}) } },
    {
      pageParamName: 'cursor',
      initialPageParam: null,
      getNextPageParam: (page: { next_cursor?: string }) => page.next_cursor,
      placeholderData: keepPreviousData,
      ...rest,
    },
  );
  return {
    items: result.data?.pages.flatMap((page: { items: ListItem<P>[] }) => page.items) ?? [],
    loading: result.isPending && result.fetchStatus !== 'idle',
    outdated: result.isPlaceholderData,
    failure: result.error,
    retry: () => void result.refetch(),
    hasMore: result.hasNextPage,
    loadMore: () => void result.fetchNextPage(),
    loadingMore: result.isFetchingNextPage,
  };
}

type WholeList = '/me/identities' | '/users/{id}/identities';

/** A list that comes whole, in the same shape. */
export function useWhole(path: WholeList, { path: inPath }: Pick<ListOptions, 'path'> = {}): List<Schema<'IdentityLink'>> {
  // biome-ignore lint/suspicious/noExplicitAny: as in useList; both answer the same
  const result = ($api.useQuery as any)('get', path, { params: inPath ? { path: inPath } : {} });
  return {
    items: result.data?.items ?? [],
    loading: result.isPending,
    outdated: false,
    failure: result.error,
    retry: () => void result.refetch(),
    hasMore: false,
    loadMore: () => undefined,
    loadingMore: false,
  };
}
