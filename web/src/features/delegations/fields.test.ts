import { expect, test } from 'vitest';
import { checkActions, checkDuration, errorUnder } from './fields';
import { toInstant, toLocal } from './LimitFields';

test('a local time goes to the API and back', () => {
  const local = '2030-01-02 03:04:05';
  expect(toLocal(toInstant(local))).toBe(local);
  expect(toInstant(local)).toMatch(/Z$/);
});

test('the error of a list or of one of its members', () => {
  expect(errorUnder({ 'actions.1': 'Unknown.' }, 'actions')).toBe('Unknown.');
  expect(errorUnder({ actions: 'None.' }, 'actions')).toBe('None.');
  expect(errorUnder({ actionsOther: 'No.' }, 'actions')).toBeUndefined();
});

test('checks', () => {
  expect(checkActions([])).not.toBeNull();
  expect(checkActions(['a:b'])).toBeNull();
  expect(checkDuration({ count: '', unit: 'hours' })).not.toBeNull();
  expect(checkDuration({ count: 0, unit: 'hours' })).not.toBeNull();
  expect(checkDuration({ count: 1, unit: 'hours' })).toBeNull();
});
