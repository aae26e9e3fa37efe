import type { Schema } from '@/api/types';
import { type KeyValues, keySettings, keysOf, noKeys } from '@/ui/signing-keys';
import type { Kind, Source } from './kinds';

type Body = Schema<'WorkloadSourceCreate'>;
type Kubernetes = Schema<'KubernetesSource'>;
type Spiffe = Schema<'SpiffeSource'>;
type Oidc = Schema<'OidcSource'>;

interface Issuer extends KeyValues {
  issuer: string;
  audience: string;
}

interface Claim {
  claim: string;
  selector: string;
  pattern: string;
}

/** A form's values: every kind has its own, so that nothing typed is lost when another is looked at. */
export interface Values {
  name: string;
  kind: Kind;
  kubernetes: Issuer & { access: 'none' | 'in_cluster' | 'kubeconfig'; kubeconfig: string; context: string; token_review: boolean };
  spiffe: {
    trust_domain: string;
    audience: string;
    bundle: 'workload_api' | 'https_web' | 'https_spiffe' | 'file';
    workload_api: string;
    bundle_url: string;
    endpoint_spiffe_id: string;
    bundle_file: string;
    ca_bundle: string;
  };
  oidc: Issuer & { preset: string; platform: string; claims: Claim[] };
  unix: { docker_host: string };
}

const noIssuer = (audience: string): Issuer => ({ issuer: '', audience, ...noKeys });

/** An empty form; proofs are best made for this server's own URL. */
export function emptyValues(audience: string): Values {
  return {
    name: '',
    kind: 'kubernetes',
    kubernetes: { ...noIssuer(audience), access: 'none', kubeconfig: '', context: '', token_review: false },
    spiffe: {
      trust_domain: '',
      audience,
      bundle: 'workload_api',
      workload_api: '',
      bundle_url: '',
      endpoint_spiffe_id: '',
      bundle_file: '',
      ca_bundle: '',
    },
    oidc: { ...noIssuer(audience), preset: '', platform: '', claims: [] },
    unix: { docker_host: '' },
  };
}

const issuerOf = (s: Kubernetes | Oidc): Issuer => ({ issuer: s.issuer, audience: s.audience, ...keysOf(s) });

const bundleOf = (s: Spiffe): Values['spiffe']['bundle'] => {
  if (s.workload_api) return 'workload_api';
  if (s.endpoint_spiffe_id) return 'https_spiffe';
  return s.bundle_url ? 'https_web' : 'file';
};

/** A source as its form shows it. */
export function valuesOf(source: Source, audience: string): Values {
  const { kubernetes: k, spiffe: s, oidc: o, unix: u } = source;
  const empty = emptyValues(audience);
  return {
    name: source.name,
    kind: source.kind,
    kubernetes: k
      ? {
          ...issuerOf(k),
          access: k.api?.in_cluster ? 'in_cluster' : k.api?.kubeconfig ? 'kubeconfig' : 'none',
          kubeconfig: k.api?.kubeconfig ?? '',
          context: k.api?.context ?? '',
          token_review: k.token_review ?? false,
        }
      : empty.kubernetes,
    spiffe: s
      ? {
          trust_domain: s.trust_domain,
          audience: s.audience,
          bundle: bundleOf(s),
          workload_api: s.workload_api ?? '',
          bundle_url: s.bundle_url ?? '',
          endpoint_spiffe_id: s.endpoint_spiffe_id ?? '',
          bundle_file: s.bundle_file ?? '',
          ca_bundle: s.ca_bundle ?? '',
        }
      : empty.spiffe,
    oidc: o
      ? {
          ...issuerOf(o),
          preset: o.preset ?? '',
          platform: o.platform,
          claims: o.claims.map((c) => ({ claim: c.claim, selector: c.selector, pattern: c.pattern ?? '' })),
        }
      : empty.oidc,
    unix: u ? { docker_host: u.docker_host ?? '' } : empty.unix,
  };
}

/** The members that are not empty. */
const given = <T extends Record<string, string | undefined>>(values: T): { [Key in keyof T]?: string } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value)) as { [Key in keyof T]?: string };

const signed = (v: Issuer) => ({ issuer: v.issuer.trim(), audience: v.audience.trim(), ...keySettings(v) });

/** The settings of the form's kind, as the API takes them: what is hidden in the form is not sent. */
export function settingsOf(v: Values): Pick<Body, Kind> {
  switch (v.kind) {
    case 'kubernetes': {
      const k = v.kubernetes;
      const api =
        k.access === 'in_cluster' ? { in_cluster: true } : { kubeconfig: k.kubeconfig.trim(), ...given({ context: k.context.trim() }) };
      return { kubernetes: { ...signed(k), ...(k.access === 'none' ? {} : { api, ...(k.token_review ? { token_review: true } : {}) }) } };
    }
    case 'spiffe': {
      const s = v.spiffe;
      const from = {
        workload_api: { workload_api: s.workload_api.trim() },
        https_web: { bundle_url: s.bundle_url.trim(), ...given({ ca_bundle: s.ca_bundle.trim() }) },
        https_spiffe: {
          bundle_url: s.bundle_url.trim(),
          endpoint_spiffe_id: s.endpoint_spiffe_id.trim(),
          bundle_file: s.bundle_file.trim(),
        },
        file: { bundle_file: s.bundle_file.trim() },
      };
      return { spiffe: { trust_domain: s.trust_domain.trim(), audience: s.audience.trim(), ...from[s.bundle] } };
    }
    case 'oidc':
      return {
        oidc: {
          ...given({ preset: v.oidc.preset }),
          platform: v.oidc.platform as Oidc['platform'],
          ...signed(v.oidc),
          claims: v.oidc.claims.map((c) => ({
            claim: c.claim.trim(),
            selector: c.selector.trim(),
            ...given({ pattern: c.pattern.trim() }),
          })),
        },
      };
    case 'unix':
      return { unix: given({ docker_host: v.unix.docker_host.trim() }) };
  }
}

/** Where the API's field names differ from the form's. */
export const renamed: Record<string, string> = {
  'kubernetes.api': 'kubernetes.access',
  'kubernetes.api.in_cluster': 'kubernetes.access',
  'kubernetes.api.kubeconfig': 'kubernetes.kubeconfig',
  'kubernetes.api.context': 'kubernetes.context',
};

/** What a preset fills in; what only the person knows stays as it is. */
export function fromPreset(v: Values['oidc'], preset: Schema<'Preset'>): Values['oidc'] {
  return {
    ...v,
    preset: preset.name,
    platform: preset.platform,
    issuer: preset.issuer,
    claims: preset.claims.map((c) => ({ claim: c.claim, selector: c.selector, pattern: c.pattern ?? '' })),
    max_token_seconds: preset.max_token_seconds || '',
  };
}
