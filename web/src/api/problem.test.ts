import { expect, it } from 'vitest';
import { failureText, fieldErrors, fieldPath, isProblem, statusOf, Unreachable } from './problem';

const problem = {
  type: 'about:blank',
  title: 'Bad Request',
  status: 400,
  detail: '/name is required.',
  code: 'invalid_request',
  request_id: 'r',
};

it('reads JSON pointers (RFC 6901)', () => {
  expect(fieldPath('/selectors/0/key')).toBe('selectors.0.key');
  expect(fieldPath('/a~1b/c~0d')).toBe('a/b.c~d');
  expect(fieldPath('ttl')).toBe('ttl');
});

it('gathers the messages of each field', () => {
  const errors = [
    { field: '/name', code: 'required', message: 'Give a name.' },
    { field: '/name', code: 'short', message: 'Longer.' },
    { field: '/selectors/1/value', code: 'blank', message: 'Not blank.' },
  ];
  expect(fieldErrors({ ...problem, errors })).toEqual({ name: 'Give a name. Longer.', 'selectors.1.value': 'Not blank.' });
  expect(fieldErrors(new TypeError('network'))).toEqual({});
});

it('has a sentence for every failure', () => {
  expect(failureText(problem)).toBe('/name is required.');
  expect(failureText(new Unreachable(new TypeError('Failed to fetch')))).toMatch(/cannot be reached/);
  expect(failureText(new TypeError('x is undefined')), 'a mistake of ours').toMatch(/Reload/);
  expect(failureText('odd')).toMatch(/Reload/);
  expect([isProblem(problem), isProblem(null), isProblem({}), statusOf(problem), statusOf(new Error('x'))]).toEqual([
    true,
    false,
    false,
    400,
    0,
  ]);
});
