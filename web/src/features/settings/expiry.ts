import { instantOf } from '@/lib/local-time';

/** What is wrong with an expiry, in local time; none is right. */
export const expiryError = (local: string | null, now: Date): string | null => {
  const expiry = instantOf(local);
  return expiry && new Date(expiry) <= now ? 'Choose a time in the future.' : null;
};
