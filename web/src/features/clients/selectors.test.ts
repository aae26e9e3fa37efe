import { describe, expect, it } from 'vitest';
import type { Schema } from '@/api/types';
import { addableKeys, filled, fullKey, missingName, onRows, readyRows, rowsOf } from './selectors';

const key = (name: string, suggested: boolean): Schema<'SelectorKey'> => ({
  key: name,
  label: name,
  example: 'x',
  help: '',
  is_pattern: name.endsWith('<name>'),
  suggested,
});
const kubernetes: Schema<'Platform'> = {
  key: 'kubernetes',
  label: 'Kubernetes',
  help: '',
  proven_by: [],
  sources: [],
  default_attestation: 'permissive',
  selectors: [
    key('k8s:ns', true),
    key('k8s:sa', true),
    key('k8s:pod-label:<name>', true),
    key('k8s:container-name', true),
    key('k8s:pod-name', false),
  ],
};

describe('rows', () => {
  it('stand ready with the keys of the guide', () => {
    expect(readyRows(kubernetes).map(fullKey)).toEqual(['k8s:ns', 'k8s:sa', 'k8s:pod-label:app', 'k8s:container-name']);
  });

  it('say the placeholder while a pattern has no name', () => {
    expect(fullKey({ key: 'k8s:pod-label:<name>', name: ' ', value: '' })).toBe('k8s:pod-label:<name>');
  });

  it('need a name where a pattern has a value', () => {
    const row = { key: 'k8s:pod-label:<name>', name: ' ', value: 'x' };
    expect([row, { ...row, name: 'app' }, { ...row, value: '' }, { key: 'k8s:ns', name: '', value: 'x' }].map(missingName)).toEqual([
      'Enter the name.',
      null,
      null,
      null,
    ]);
  });

  it('come back as they were saved', () => {
    const selectors = [
      { key: 'k8s:ns', value: 'production' },
      { key: 'k8s:pod-label:app.kubernetes.io/name', value: 'a=b' },
      { key: 'k8s:unheard-of', value: 'kept' },
    ];
    const rows = rowsOf(selectors, kubernetes);
    expect(rows[1]).toEqual({ key: 'k8s:pod-label:<name>', name: 'app.kubernetes.io/name', value: 'a=b' });
    expect(filled(rows).selectors).toEqual(selectors);
  });

  it('offer what is not there yet, and patterns always', () => {
    expect(addableKeys(kubernetes, readyRows(kubernetes)).map((k) => k.key)).toEqual(['k8s:pod-label:<name>', 'k8s:pod-name']);
  });
});

describe('sending', () => {
  const rows = readyRows(kubernetes).map((row, i) => ({ ...row, value: i === 1 ? '  ' : ` v${i} ` }));

  it('leaves blank rows out and remembers where the others stood', () => {
    expect(filled(rows)).toEqual({
      rows: [0, 2, 3],
      selectors: [
        { key: 'k8s:ns', value: 'v0' },
        { key: 'k8s:pod-label:app', value: 'v2' },
        { key: 'k8s:container-name', value: 'v3' },
      ],
    });
  });

  it('puts messages on the rows they are about', () => {
    const problem = {
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      code: 'invalid_request',
      detail: 'No.',
      request_id: 'r',
      errors: [
        { field: '/selectors/1/value', code: 'x', message: 'Too long.' },
        { field: '/selectors/9/key', code: 'x', message: 'Odd.' },
        { field: '/selectors', code: 'x', message: 'One at least.' },
        { field: '/name', code: 'x', message: 'Taken.' },
      ],
    };
    const placed = onRows(problem, [0, 2, 3]) as typeof problem;
    expect(placed.errors.map((e) => e.field)).toEqual(['/selectors/2/value', '/selectors/9/key', '/selectors', '/name']);
    const broken = new TypeError('network');
    expect(onRows(broken, [0])).toBe(broken);
  });
});
