import { expect, it } from 'vitest';
import { rowsOf } from './list-rows';

it('puts the details that are open under their item, as rows of their own', () => {
  expect(rowsOf(['a', 'b', 'c'], new Set(['b', 'gone']))).toEqual([
    { key: 'a', index: 0, details: false },
    { key: 'b', index: 1, details: false },
    { key: 'b details', index: 1, details: true },
    { key: 'c', index: 2, details: false },
  ]);
  expect(rowsOf([], new Set(['a']))).toEqual([]);
});
