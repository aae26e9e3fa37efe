import dayjs from 'dayjs';

const local = 'YYYY-MM-DD HH:mm:ss';

/** An instant as the date picker's local time. */
export const localOf = (instant: string | undefined): string | null =>
  instant && dayjs(instant).isValid() ? dayjs(instant).format(local) : null;

/** The date picker's local time as an instant. */
export const instantOf = (time: string | null): string | undefined =>
  time && dayjs(time).isValid() ? dayjs(time).toISOString() : undefined;
