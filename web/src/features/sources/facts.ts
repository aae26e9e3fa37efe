import { keyFacts } from '@/ui/signing-keys';
import type { Source } from './kinds';

export interface Fact {
  label: string;
  value: string;
}

/** A source's settings in words, without those that are not set. */
export function factsOf({ kubernetes: k, spiffe: s, oidc: o, unix: u }: Source): Fact[] {
  const facts: [string, string | undefined][] = [];
  if (k) {
    const access = k.api?.in_cluster ? "As the server's own service account" : k.api?.kubeconfig;
    facts.push(
      ['Issuer', k.issuer],
      ['Audience', k.audience],
      ...keyFacts(k),
      ['Access to the API', access ?? 'None: labels, images and container names cannot be proven'],
      ['Context', k.api?.context],
      ['TokenReview', k.token_review ? 'The API verifies each token' : ''],
    );
  }
  if (s) {
    facts.push(
      ['Trust domain', s.trust_domain],
      ['Audience', s.audience],
      ['Workload API', s.workload_api],
      ['Bundle endpoint', s.bundle_url],
      ["The endpoint's SPIFFE ID", s.endpoint_spiffe_id],
      ['Bundle file', s.bundle_file],
      ['Certificate authorities', s.ca_bundle ? 'Its own' : ''],
    );
  }
  if (o) {
    facts.push(['Issuer', o.issuer], ['Audience', o.audience], ...keyFacts(o));
  }
  if (u) facts.push(['Docker API', u.docker_host || 'None: containers are not looked up']);
  return facts.flatMap(([label, value]) => (value ? [{ label, value }] : []));
}
