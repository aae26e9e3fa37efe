import { sayDuration } from '@/lib/duration';

const long = 8 * 3600;

/** What to say about a maximum duration: the server's cap first, then the nudge. */
export function durationNote(seconds: number | null, cap: number | undefined): string | null {
  if (seconds === null) return null;
  if (cap !== undefined && seconds > cap) return `This server caps tokens at ${sayDuration(cap)}.`;
  if (seconds > long) return 'A stolen token works until it expires. Use the shortest duration that fits.';
  return null;
}
