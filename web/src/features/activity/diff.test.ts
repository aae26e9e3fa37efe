import { expect, it } from 'vitest';
import { diff } from './diff';

it('tells what was added, removed and changed, by path', () => {
  expect(
    diff({ name: 'Old', note: 'x', owner: { id: 1 }, ttl: 3600 }, { name: 'New', owner: { id: 2 }, audiences: [], ttl: 3600 }),
  ).toEqual([
    { path: 'audiences', kind: 'added', after: '[]' },
    { path: 'name', kind: 'changed', before: 'Old', after: 'New' },
    { path: 'note', kind: 'removed', before: 'x' },
    { path: 'owner.id', kind: 'changed', before: '1', after: '2' },
  ]);
});

it('says nothing of what is equal', () => {
  const same = { a: [{ b: null }], c: ['x'], d: true };
  expect(diff(same, structuredClone(same))).toEqual([]);
  expect(diff(undefined, undefined)).toEqual([]);
});

it('takes lists of names as sets', () => {
  expect(diff({ actions: ['a', 'b'] }, { actions: ['c', 'b'] })).toEqual([
    { path: 'actions', kind: 'removed', before: 'a' },
    { path: 'actions', kind: 'added', after: 'c' },
  ]);
  expect(diff({ actions: ['a', 'b'] }, { actions: ['b', 'a'] })).toEqual([
    { path: 'actions', kind: 'changed', before: '["a","b"]', after: '["b","a"]' },
  ]);
});

it('compares other lists place by place', () => {
  expect(
    diff(
      { selectors: [{ key: 'k8s:ns', value: 'dev' }] },
      {
        selectors: [
          { key: 'k8s:ns', value: 'prod' },
          { key: 'k8s:sa', value: 'x' },
        ],
      },
    ),
  ).toEqual([
    { path: 'selectors[0].value', kind: 'changed', before: 'dev', after: 'prod' },
    { path: 'selectors[1].key', kind: 'added', after: 'k8s:sa' },
    { path: 'selectors[1].value', kind: 'added', after: 'x' },
  ]);
});

it('shows a creation and a deletion leaf by leaf', () => {
  expect(diff(undefined, { role: { name: 'r', actions: ['a', 'b'] } })).toEqual([
    { path: 'role.name', kind: 'added', after: 'r' },
    { path: 'role.actions', kind: 'added', after: 'a' },
    { path: 'role.actions', kind: 'added', after: 'b' },
  ]);
  expect(diff({ name: 'r' }, undefined)).toEqual([{ path: 'name', kind: 'removed', before: 'r' }]);
});

it('tells a change of type, and null from missing', () => {
  expect(diff({ ends: null, n: 1 }, { ends: {}, n: '1' })).toEqual([
    { path: 'ends', kind: 'changed', before: 'null', after: '{}' },
    { path: 'n', kind: 'changed', before: '1', after: '"1"' },
  ]);
});

it('keeps hostile keys apart', () => {
  const hostile = JSON.parse('{"__proto__": {"x": 1}, "a.b": 2, "<img>": "<b>"}');
  expect(diff({}, hostile).map(({ path, after }) => [path, after])).toEqual([
    ['"<img>"', '<b>'],
    ['__proto__.x', '1'],
    ['"a.b"', '2'],
  ]);
});
