import { expect, it } from 'vitest';
import { isFiltered, noFilters, queryOf, since } from './search';

it('sends only the filters that are set', () => {
  expect(queryOf({ ...noFilters, live: true, q: '', action: 'token.issue', outcome: 'refused' })).toEqual({
    action: 'token.issue',
    outcome: 'refused',
  });
});

it('does not take the live tail for a filter', () => {
  expect(isFiltered({ live: true })).toBe(false);
  expect(isFiltered({ live: true, q: 'x' })).toBe(true);
  expect(isFiltered(noFilters)).toBe(false);
});

it('counts presets back from now', () => {
  expect(since(24, new Date('2026-05-21T07:25:36Z'))).toBe('2026-05-20T07:25:36.000Z');
});
