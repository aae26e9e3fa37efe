import { expect, it } from 'vitest';
import type { Schema } from '@/api/types';
import { outlook } from './attestation';

const server = { attestation_required: false } as Schema<'ServerInfo'>;
const platform = (configured: boolean, mode: 'required' | 'permissive'): Schema<'Platform'> => ({
  key: 'kubernetes',
  label: 'Kubernetes',
  help: '',
  selectors: [],
  proven_by: [],
  sources: [{ method: 'k8s', label: 'Projected service-account token', configured, ...(configured ? {} : { help: 'Add a source.' }) }],
  default_attestation: mode,
});

it("follows the server's default until a person chooses", () => {
  expect(outlook(platform(true, 'required'), null, server)).toMatchObject({ mode: 'required', tone: 'good' });
  expect(outlook(platform(true, 'required'), 'permissive', server)).toMatchObject({ mode: 'permissive', tone: 'danger' });
  expect(outlook(platform(false, 'permissive'), null, server).text).toContain('Add a source.');
});

it('says where permissive holds: everywhere by choice, on the own machine by default', () => {
  expect(outlook(platform(false, 'permissive'), null, server).text).toContain("on the server's own machine");
  expect(outlook(platform(false, 'permissive'), 'permissive', server).text).not.toContain('own machine');
});

it('names the source', () => {
  expect(outlook(platform(true, 'required'), null, server).title).toContain('Projected service-account token');
});

it('warns when proof is required and none can be verified', () => {
  expect(outlook(platform(false, 'permissive'), 'required', server)).toMatchObject({ tone: 'warning' });
});

it('never promises permissive where it is forbidden', () => {
  expect(outlook(platform(true, 'permissive'), 'permissive', { ...server, attestation_required: true }).mode).toBe('required');
});
