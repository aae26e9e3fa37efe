import type { Schema } from '@/api/types';
import { count } from '@/lib/text';

type Series = Schema<'OverviewSeries'>;
export type Measure = 'issued' | 'refused';

/** One agent of the charts; `others` sums those that are not among the busiest. */
export interface ChartAgent {
  key: string;
  name: string;
  clientId: string | undefined;
  color: string;
  issued: number;
  refused: number;
}

export interface Bucket {
  start: string;
  /** By the agent's key. */
  values: Record<string, Record<Measure, number>>;
}

export const othersColor = 'gray.6';

/** Each stands out from both schemes' paper by 3:1 (WCAG 1.4.11). */
export const palette = [
  'indigo.6',
  'orange.8',
  'teal.8',
  'pink.7',
  'cyan.8',
  'grape.6',
  'lime.9',
  'red.7',
  'blue.7',
  'green.8',
  'violet.5',
];

function hash(text: string): number {
  let value = 2166136261; // FNV-1a
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 16777619) >>> 0;
  return value;
}

/** Colours by client ID: the same in every window, and no colour twice while the palette lasts. */
export function colorsOf(clientIds: readonly string[]): Map<string, string> {
  const colors = new Map<string, string>();
  const taken = new Set<number>();
  for (const id of [...clientIds].sort()) {
    let place = hash(id) % palette.length;
    while (taken.has(place) && taken.size < palette.length) place = (place + 1) % palette.length;
    taken.add(place);
    colors.set(id, palette[place] ?? othersColor);
  }
  return colors;
}

const keyOf = (series: Series) => series.agent?.client_id ?? 'others';
const sum = (series: Series, measure: Measure) => series.points.reduce((total, point) => total + point[measure], 0);

export function agentsOf(series: readonly Series[]): ChartAgent[] {
  const colors = colorsOf(series.flatMap((s) => s.agent?.client_id ?? []));
  return series.map((s) => ({
    key: keyOf(s),
    name: s.agent?.name ?? 'All others',
    clientId: s.agent?.client_id,
    color: colors.get(keyOf(s)) ?? othersColor,
    issued: sum(s, 'issued'),
    refused: sum(s, 'refused'),
  }));
}

/** The series turned about: one entry per bucket, oldest first. */
export function bucketsOf(series: readonly Series[]): Bucket[] {
  const buckets = new Map<string, Bucket>();
  for (const s of series) {
    for (const { start, issued, refused } of s.points) {
      const bucket = buckets.get(start) ?? { start, values: {} };
      bucket.values[keyOf(s)] = { issued, refused };
      buckets.set(start, bucket);
    }
  }
  return [...buckets.values()].sort((a, b) => Date.parse(a.start) - Date.parse(b.start));
}

/** "14:00" for buckets of hours, "24 Nov" for days; days begin in UTC. */
export function bucketLabel(start: string, bucketSeconds: number, locale?: string): string {
  const format: Intl.DateTimeFormatOptions =
    bucketSeconds < 86_400 ? { weekday: 'short', hour: '2-digit', minute: '2-digit' } : { day: 'numeric', month: 'short', timeZone: 'UTC' };
  return new Intl.DateTimeFormat(locale, format).format(new Date(start));
}

/** "by 2 agents and others": those that are summed are no agent. */
export function byWhom(agents: readonly Pick<ChartAgent, 'clientId'>[]): string {
  const named = agents.filter((agent) => agent.clientId !== undefined).length;
  if (named === agents.length) return `by ${count(named, 'agent')}`;
  return named === 0 ? 'by others' : `by ${count(named, 'agent')} and others`;
}
