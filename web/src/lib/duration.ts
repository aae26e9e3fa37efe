/** Units in which people state durations, longest last; the API counts whole seconds. */
export const units = [
  { value: 'seconds', one: 'Second', many: 'Seconds', seconds: 1 },
  { value: 'minutes', one: 'Minute', many: 'Minutes', seconds: 60 },
  { value: 'hours', one: 'Hour', many: 'Hours', seconds: 3600 },
  { value: 'days', one: 'Day', many: 'Days', seconds: 86_400 },
] as const;

export type Unit = (typeof units)[number]['value'];

export const secondsPer = (unit: Unit): number => units.find((u) => u.value === unit)?.seconds ?? 1;

/** The largest unit that states the duration as a whole number: 5400 → 90 minutes. */
export function inUnit(seconds: number): { count: number; unit: Unit } {
  const fitting = units.findLast((u) => seconds >= u.seconds && seconds % u.seconds === 0) ?? units[0];
  return { count: seconds / fitting.seconds, unit: fitting.value };
}

const parts = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** Short, at most two parts: 3600 → "1 h", 5400 → "1 h 30 min", 45 → "45 s". */
export function formatDuration(seconds: number): string {
  let rest = Math.max(0, Math.round(seconds));
  const said: string[] = [];
  for (const [name, size] of parts) {
    const count = Math.floor(rest / size);
    rest %= size;
    if (count > 0) said.push(`${count} ${name}`);
    else if (said.length > 0) break;
    if (said.length === 2) break;
  }
  return said.join(' ') || '0 s';
}

/** In words: 3600 → "1 hour", 5400 → "90 minutes". */
export function sayDuration(seconds: number): string {
  const { count, unit } = inUnit(seconds);
  const names = units.find((u) => u.value === unit) ?? units[0];
  return `${count} ${(count === 1 ? names.one : names.many).toLowerCase()}`;
}
