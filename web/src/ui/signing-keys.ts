/** Where an issuer's keys come from. */
export type Keys = 'discover' | 'url' | 'inline';

/** What a form says of an issuer's keys and of its tokens. */
export interface KeyValues {
  keys: Keys;
  jwks: string;
  jwks_url: string;
  ca_bundle: string;
  /** The longest life of a token in seconds; empty: the server's own limit. */
  max_token_seconds: number | string;
}

/** The same as the API has it. */
interface Settings {
  jwks?: string;
  jwks_url?: string;
  ca_bundle?: string;
  max_token_seconds?: number;
}

export const noKeys: KeyValues = { keys: 'discover', jwks: '', jwks_url: '', ca_bundle: '', max_token_seconds: '' };

export const keysOf = (s: Settings): KeyValues => ({
  keys: s.jwks ? 'inline' : s.jwks_url ? 'url' : 'discover',
  jwks: s.jwks ?? '',
  jwks_url: s.jwks_url ?? '',
  ca_bundle: s.ca_bundle ?? '',
  max_token_seconds: s.max_token_seconds || '',
});

/** What the API takes: what is hidden in the form is not sent. */
export const keySettings = (v: KeyValues): Settings => ({
  ...(v.keys === 'inline' ? { jwks: v.jwks } : {}),
  ...(v.keys === 'url' ? { jwks_url: v.jwks_url.trim() } : {}),
  ...(v.ca_bundle.trim() ? { ca_bundle: v.ca_bundle.trim() } : {}),
  ...(typeof v.max_token_seconds === 'number' ? { max_token_seconds: v.max_token_seconds } : {}),
});

/** In words, without what is not set. */
export const keyFacts = (s: Settings): [string, string | undefined][] => [
  ['Signing keys', s.jwks ? 'Pasted' : s.jwks_url || 'Discovered from the issuer'],
  ['Longest life of a token', s.max_token_seconds ? `${s.max_token_seconds.toLocaleString()} seconds` : ''],
  ['Certificate authorities', s.ca_bundle ? 'Its own' : ''],
];
