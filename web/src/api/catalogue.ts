import { $api } from './client';

/** Platforms, selector keys, agent types, and what snippets need to know of the server. */
export const catalogueQuery = $api.queryOptions('get', '/platforms', undefined, { staleTime: 60_000 });
