import { expect, it } from 'vitest';
import type { Schema } from '@/api/types';
import { changesOf, valuesOf } from './edit';

const key = (key: string, is_pattern = false) => ({ key, is_pattern, label: key, example: '', help: '', suggested: true });
const platform = { key: 'kubernetes', selectors: [key('k8s:ns'), key('k8s:pod-label:<name>', true)] } as Schema<'Platform'>;
const agent = {
  name: 'Customer Support',
  type: 'langchain',
  selectors: [
    { key: 'k8s:ns', value: 'production' },
    { key: 'k8s:pod-label:app', value: 'customer-support' },
  ],
  attestation: 'required' as const,
  attestation_chosen: false,
};
const start = valuesOf(agent, platform);

it('sends nothing when nothing changed', () => {
  expect(changesOf(start, structuredClone(start))).toBeUndefined();
  expect(changesOf(start, { ...start, selectors: [...start.selectors, { key: 'k8s:sa', name: '', value: ' ' }] })).toBeUndefined();
});

it('sends only what changed, so that two people do not undo each other', () => {
  expect(changesOf(start, { ...start, name: ' Renamed ' })).toEqual({ name: 'Renamed' });
  expect(changesOf(start, { ...start, type: 'crewai' })).toEqual({ type: 'crewai' });
  expect(changesOf(start, { ...start, attestation: 'permissive' })).toEqual({ attestation: 'permissive' });
  expect(changesOf(start, { ...start, selectors: start.selectors.slice(0, 1) })).toEqual({
    selectors: [{ key: 'k8s:ns', value: 'production' }],
  });
});

it('leaves the selectors alone while the platform is unknown here', () => {
  const blind = valuesOf(agent, undefined);
  expect(changesOf(blind, { ...blind, name: 'Renamed' })).toEqual({ name: 'Renamed' });
});
