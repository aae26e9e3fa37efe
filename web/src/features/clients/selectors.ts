import { isProblem } from '@/api/problem';
import type { Schema } from '@/api/types';

type Platform = Schema<'Platform'>;
type Selector = Schema<'Selector'>;
type SelectorKey = Schema<'SelectorKey'>;

/** A selector as it is typed: `key` is the catalogue's, whose `<name>` (of a pattern) is `name`. */
export interface Row {
  key: string;
  name: string;
  value: string;
}

const placeholder = '<name>';
const isPattern = (key: string) => key.endsWith(placeholder);

/** The guide's label is `app`; any other name can be typed over it. */
const presetName = 'app';

export const newRow = ({ key, is_pattern }: SelectorKey, name = ''): Row => ({ key, name: is_pattern ? name : '', value: '' });

/** The rows that stand ready for a platform. */
export const readyRows = (platform: Platform): Row[] => platform.selectors.filter((s) => s.suggested).map((s) => newRow(s, presetName));

/** The whole key, as the server has it. */
export const fullKey = ({ key, name }: Row): string =>
  isPattern(key) ? `${key.slice(0, -placeholder.length)}${name.trim() || placeholder}` : key;

/** A pattern that has a value must have its name. */
export const missingName = ({ key, name, value }: Row): string | null =>
  isPattern(key) && value.trim() !== '' && name.trim() === '' ? 'Enter the name.' : null;

/** An agent's selectors as rows of its platform's keys; the longest fitting pattern wins. */
export function rowsOf(selectors: readonly Selector[], platform: Platform): Row[] {
  const patterns = platform.selectors
    .filter((s) => s.is_pattern)
    .map((s) => s.key)
    .sort((a, b) => b.length - a.length);
  return selectors.map(({ key, value }) => {
    const pattern = patterns.find((p) => key.startsWith(p.slice(0, -placeholder.length)));
    if (!pattern || platform.selectors.some((s) => s.key === key)) return { key, name: '', value };
    return { key: pattern, name: key.slice(pattern.length - placeholder.length), value };
  });
}

/** Keys that can still be added: patterns always, others once. */
export const addableKeys = (platform: Platform, rows: readonly Row[]): SelectorKey[] =>
  platform.selectors.filter((s) => s.is_pattern || !rows.some((r) => r.key === s.key));

/**
 * What is sent: a row without a value was never filled in. `rows` says which row each selector came from.
 */
export function filled(all: readonly Row[]): { selectors: Selector[]; rows: number[] } {
  const rows = all.flatMap((row, i) => (row.value.trim() === '' ? [] : [i]));
  return { rows, selectors: rows.map((i) => all[i] as Row).map((row) => ({ key: fullKey(row), value: row.value.trim() })) };
}

/** Points the server's messages about the selectors at the rows they came from. */
export function onRows(failure: unknown, rows: readonly number[]): unknown {
  if (!isProblem(failure) || !failure.errors) return failure;
  const errors = failure.errors.map((e) => ({
    ...e,
    field: e.field.replace(/^\/selectors\/(\d+)/, (whole, i: string) => {
      const row = rows[Number(i)];
      return row === undefined ? whole : `/selectors/${row}`;
    }),
  }));
  return { ...failure, errors };
}
