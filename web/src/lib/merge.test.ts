import { expect, it } from 'vitest';
import { mergeSet, mergeValue } from './merge';

it('takes over what was not touched', () => {
  expect(mergeValue('a', 'a', 'theirs')).toBe('theirs');
  expect(mergeValue('a', 'mine', 'theirs')).toBe('mine');
});

it('keeps what each of two did to a set', () => {
  const was = ['a', 'b'];
  expect(mergeSet(was, was, ['b', 'c'])).toEqual(['b', 'c']);
  expect(mergeSet(was, ['a', 'd'], ['a', 'b', 'c'])).toEqual(['a', 'c', 'd']);
  expect(mergeSet(was, ['a', 'b', 'c'], ['c'])).toEqual(['c']);
  expect(mergeSet(was, [], was)).toEqual([]);
});
