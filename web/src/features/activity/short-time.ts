const time = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;

/** For a column: the year is said only when it is not this one, and midnight is 00, which `hour12: false` may call 24. */
export function shortTime(instant: string, now: Date, locale?: string): string {
  const at = new Date(instant);
  const year = at.getFullYear() === now.getFullYear() ? undefined : 'numeric';
  return new Intl.DateTimeFormat(locale, { year, month: 'short', day: 'numeric', ...time }).format(at);
}
