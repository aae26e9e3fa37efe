import type { Schema } from '@/api/types';

export type Kind = Schema<'WorkloadSourceKind'>;
export type Source = Schema<'WorkloadSource'>;

/** In display order: what it is called, and what its proof is. */
export const kinds: Record<Kind, { label: string; help: string }> = {
  kubernetes: { label: 'Kubernetes', help: 'Projected service-account tokens of one cluster.' },
  spiffe: { label: 'SPIFFE', help: 'SVIDs of one trust domain, from SPIRE or another SPIFFE implementation.' },
  oidc: { label: 'OpenID Connect', help: 'Tokens of one issuer: a pipeline, a cloud, or any other.' },
  unix: { label: 'Unix', help: "Processes on the server's own machine, known by the kernel, and their containers." },
};

export const kindOptions = (Object.keys(kinds) as Kind[]).map((value) => ({ value, label: kinds[value].label }));
