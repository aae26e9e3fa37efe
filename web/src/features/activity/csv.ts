import type { Schema } from '@/api/types';

type Event = Schema<'AuditEvent'>;

const columns: [string, (event: Event) => string | number | undefined][] = [
  ['seq', (e) => e.seq],
  ['time', (e) => e.time],
  ['actor_type', (e) => e.actor.type],
  ['actor_id', (e) => e.actor.id],
  ['actor_name', (e) => e.actor.name],
  ['via', (e) => e.actor.via],
  ['action', (e) => e.action],
  ['target_type', (e) => e.target.type],
  ['target_id', (e) => e.target.id],
  ['target_name', (e) => e.target.name],
  ['outcome', (e) => e.outcome],
  ['count', (e) => e.count],
  ['reasons', (e) => e.reasons?.map((reason) => `${reason.code}: ${reason.message}`).join('\n')],
  ['client_id', (e) => e.client_id],
  ['delegation_id', (e) => e.delegation_id],
  ['ip', (e) => e.ip],
  ['request_id', (e) => e.request_id],
  ['before', (e) => e.before && JSON.stringify(e.before)],
  ['after', (e) => e.after && JSON.stringify(e.after)],
  ['details', (e) => e.details && JSON.stringify(e.details)],
  ['hash', (e) => e.hash],
];

/** What spreadsheets take for a formula, full-width forms among it, once they have skipped tabs and line ends. */
const formula = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** A cell as RFC 4180 has it; what would run as a formula gets a leading apostrophe. */
export function csvCell(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const safe = formula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const line = (cells: (string | number | undefined)[]) => `${cells.map(csvCell).join(',')}\r\n`;

/** Begins with a byte order mark, without which Excel reads the file in the machine's old code page. */
export const csvHead = (): string => `\ufeff${line(columns.map(([name]) => name))}`;
export const csvRow = (event: Event): string => line(columns.map(([, cell]) => cell(event)));
