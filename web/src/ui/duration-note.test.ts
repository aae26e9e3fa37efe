import { expect, test } from 'vitest';
import { durationNote } from './duration-note';

test('advice: the cap before the nudge, none for short ones', () => {
  expect(durationNote(3600, 86_400)).toBeNull();
  expect(durationNote(8 * 3600, 86_400)).toBeNull();
  expect(durationNote(9 * 3600, 86_400)).toContain('shortest');
  expect(durationNote(2 * 86_400, 86_400)).toBe('This server caps tokens at 1 day.');
  expect(durationNote(null, 86_400)).toBeNull();
  expect(durationNote(9 * 3600, undefined)).toContain('shortest');
});
