import type { Schema } from '@/api/types';
import { csvHead, csvRow } from './csv';

type Event = Schema<'AuditEvent'>;
export type Format = 'jsonl' | 'csv';

interface Job {
  format: Format;
  fetchPage: (cursor: string | undefined) => Promise<Schema<'AuditEventList'>>;
  /** How many events have come. */
  onProgress: (events: number) => void;
  signal: AbortSignal;
}

/** Pages through everything; the parts of the file, in order. Throws the signal's reason once it is cancelled. */
export async function collect({ format, fetchPage, onProgress, signal }: Job): Promise<string[]> {
  const row = format === 'csv' ? csvRow : (event: Event) => `${JSON.stringify(event)}\n`;
  const parts = format === 'csv' ? [csvHead()] : [];
  let events = 0;
  let cursor: string | undefined;
  do {
    signal.throwIfAborted();
    const page = await fetchPage(cursor);
    signal.throwIfAborted();
    parts.push(page.items.map(row).join(''));
    events += page.items.length;
    onProgress(events);
    cursor = page.next_cursor;
  } while (cursor);
  return parts;
}

const types: Record<Format, string> = { jsonl: 'application/jsonl', csv: 'text/csv;charset=utf-8' };

/** `authsec-activity-20260521T072536Z.csv` */
export const fileName = (format: Format, now: Date): string =>
  `authsec-activity-${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}.${format}`;

export function download(parts: string[], format: Format, now: Date) {
  const url = URL.createObjectURL(new Blob(parts, { type: types[format] }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName(format, now);
  link.click();
  // The browser has begun to read it by the next turn of the event loop; a minute is for slow disks.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
