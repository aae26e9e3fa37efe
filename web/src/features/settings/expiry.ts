import dayjs from 'dayjs';

/** The date picker's local time as an instant; none while there is no time. */
export const expiryOf = (local: string | null): string | undefined =>
  local && dayjs(local).isValid() ? dayjs(local).toISOString() : undefined;

export const expiryError = (local: string | null, now: Date): string | null => {
  const expiry = expiryOf(local);
  return expiry && new Date(expiry) <= now ? 'Choose a time in the future.' : null;
};
