import { keyFacts } from '@/ui/signing-keys';
import type { Provider } from './values';

export interface Said {
  label: string;
  value: string;
}

/** A provider's settings in words, without those that are not set. */
export function factsOf(p: Provider): Said[] {
  const facts: [string, string | undefined][] = [
    ['Issuer', p.issuer],
    ['Audience', p.audience || 'None: nobody lends by token exchange'],
    ...keyFacts(p),
    ['People who are not linked yet', p.create_users ? 'Become users without a role' : 'Are refused until an administrator links them'],
    ['Sign-in', p.sign_in ? 'People sign in to this console from there' : 'Nobody signs in to this console from there'],
  ];
  if (p.sign_in) {
    facts.push(
      ['Client ID', p.client_id],
      ['Client secret file', p.client_secret_file || 'None: a public client'],
      ['Scopes', ['openid', ...p.scopes].join(' ')],
    );
  }
  return facts.flatMap(([label, value]) => (value ? [{ label, value }] : []));
}
