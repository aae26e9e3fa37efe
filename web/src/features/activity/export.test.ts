import { expect, it } from 'vitest';
import { collect, fileName } from './export';

const event = (seq: number) => ({
  seq,
  hash: 'ab',
  time: '2026-05-21T07:25:36Z',
  actor: { type: 'system' },
  action: 'key.rotate',
  target: { type: 'key' },
  outcome: 'success' as const,
});

it('goes through every page and says how far it is', async () => {
  const asked: (string | undefined)[] = [];
  const progress: number[] = [];
  const parts = await collect({
    format: 'jsonl',
    fetchPage: async (cursor) => {
      asked.push(cursor);
      return cursor ? { items: [event(1)] } : { items: [event(3), event(2)], next_cursor: 'next' };
    },
    onProgress: (events) => progress.push(events),
    signal: new AbortController().signal,
  });
  expect(asked).toEqual([undefined, 'next']);
  expect(progress).toEqual([2, 3]);
  const lines = parts.join('').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([event(3), event(2), event(1)]);
});

it('heads a CSV file, even an empty one', async () => {
  const parts = await collect({
    format: 'csv',
    fetchPage: async () => ({ items: [] }),
    onProgress: () => {},
    signal: new AbortController().signal,
  });
  expect(parts.join('')).toMatch(/^\ufeffseq,time,.*,hash\r\n$/);
});

it('stops asking once it is cancelled', async () => {
  const abort = new AbortController();
  let asked = 0;
  const job = collect({
    format: 'jsonl',
    fetchPage: async () => {
      asked++;
      abort.abort();
      return { items: [event(1)], next_cursor: 'next' };
    },
    onProgress: () => {},
    signal: abort.signal,
  });
  await expect(job).rejects.toHaveProperty('name', 'AbortError');
  expect(asked).toBe(1);
});

it('names the file by its time', () => {
  expect(fileName('csv', new Date('2026-05-21T07:25:36.123Z'))).toBe('authsec-activity-20260521T072536Z.csv');
});
