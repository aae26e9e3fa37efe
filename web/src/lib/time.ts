import { formatDuration } from './duration';

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** The reader's own time zone and notation. */
export const formatTime = (time: string | Date): string => exact.format(new Date(time));

/** "3 min ago", "in 2 h"; under ten seconds "just now". */
export function formatRelative(time: string | Date, now: Date): string {
  const seconds = (new Date(time).getTime() - now.getTime()) / 1000;
  const distance = Math.abs(seconds);
  if (distance < 10) return seconds > 0 ? 'in a moment' : 'just now';
  // One part is enough to tell how long ago something was.
  const short = formatDuration(distance).split(' ').slice(0, 2).join(' ');
  return seconds > 0 ? `in ${short}` : `${short} ago`;
}
