import { expect, it } from 'vitest';
import { formatRelative } from './time';

const now = new Date('2026-03-01T12:00:00Z');

it.each([
  ['2026-03-01T11:59:55Z', 'just now'],
  ['2026-03-01T12:00:05Z', 'in a moment'],
  ['2026-03-01T11:57:00Z', '3 min ago'],
  ['2026-03-01T10:30:00Z', '1 h ago'],
  ['2026-03-03T12:00:00Z', 'in 2 d'],
])('%s is %s', (time, text) => expect(formatRelative(time, now)).toBe(text));
