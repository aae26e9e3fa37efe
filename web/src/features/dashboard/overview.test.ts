import { expect, it } from 'vitest';
import { windowOf } from './overview';

it('names the window that the numbers are of, whatever was chosen since', () => {
  const to = '2026-05-21T07:25:36.5Z';
  expect(windowOf({ from: '2026-05-20T07:25:36Z', to })).toBe('24 hours');
  expect(windowOf({ from: '2026-05-14T07:25:36Z', to })).toBe('7 days');
  expect(windowOf({ from: '2026-04-21T07:25:36Z', to })).toBe('30 days');
  expect(windowOf({ from: '2026-05-19T07:25:36Z', to })).toBe('2 days');
});
