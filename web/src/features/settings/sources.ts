import type { Schema } from '@/api/types';

/** A client secret needs no configuration, so it does not count. */
export const noneConfigured = (platforms: readonly Pick<Schema<'Platform'>, 'sources'>[]): boolean =>
  !platforms.some((p) => p.sources.some((s) => s.configured && s.method !== 'secret'));
