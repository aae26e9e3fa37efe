import { expect, it } from 'vitest';
import { count, list, resourceOf } from './text';

it('counts and lists in words', () => {
  expect([count(0, 'agent'), count(1, 'agent'), count(2, 'reply', 'replies')]).toEqual(['0 agents', '1 agent', '2 replies']);
  expect([list([]), list(['a']), list(['a', 'b']), list(['a', 'b', 'c'])]).toEqual(['', 'a', 'a and b', 'a, b and c']);
});

it('knows the resource of an action', () => {
  expect(resourceOf('billing:read')).toBe('billing');
  expect(resourceOf('odd')).toBe('odd');
});
