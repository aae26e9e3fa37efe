import { expect, it } from 'vitest';
import { shortTime } from './short-time';

const at = (...parts: [number, number, number, number, number]) => new Date(...parts);

it('is short, and calls midnight 00', () => {
  expect(shortTime(at(2026, 4, 21, 0, 5).toISOString(), at(2026, 10, 24, 9, 0), 'en-US')).toBe('May 21, 00:05:00');
  expect(shortTime(at(2026, 4, 21, 17, 5).toISOString(), at(2026, 10, 24, 9, 0), 'en-GB')).toBe('21 May, 17:05:00');
});

it('says the year of another year', () => {
  expect(shortTime(at(2025, 10, 24, 9, 0).toISOString(), at(2026, 10, 24, 9, 0), 'en-US')).toBe('Nov 24, 2025, 09:00:00');
});
