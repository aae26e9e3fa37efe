import { expect, test } from 'vitest';
import { checkActions, checkDuration } from './delegable-checks';

test('checks', () => {
  expect(checkActions([])).not.toBeNull();
  expect(checkActions(['a:b'])).toBeNull();
  expect(checkDuration({ count: '', unit: 'hours' })).not.toBeNull();
  expect(checkDuration({ count: 0, unit: 'hours' })).not.toBeNull();
  expect(checkDuration({ count: 1, unit: 'hours' })).toBeNull();
});
