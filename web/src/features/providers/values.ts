import type { Schema } from '@/api/types';
import { type KeyValues, keySettings, keysOf, noKeys } from '@/ui/signing-keys';

export type Provider = Schema<'IdentityProvider'>;
type Settings = Required<Omit<Schema<'IdentityProviderUpdate'>, 'name'>>;

/** A form's values. */
export interface Values extends KeyValues {
  name: string;
  issuer: string;
  audience: string;
  create_users: boolean;
  sign_in: boolean;
  client_id: string;
  client_secret_file: string;
  scopes: string[];
}

export const emptyValues: Values = {
  name: '',
  issuer: '',
  audience: '',
  ...noKeys,
  create_users: false,
  sign_in: false,
  client_id: '',
  client_secret_file: '',
  scopes: ['email', 'profile'],
};

/** A provider as its form shows it. */
export const valuesOf = (p: Provider): Values => ({
  name: p.name,
  issuer: p.issuer,
  audience: p.audience ?? '',
  ...keysOf(p),
  create_users: p.create_users,
  sign_in: p.sign_in,
  client_id: p.client_id ?? '',
  client_secret_file: p.client_secret_file ?? '',
  // What the form suggests when sign-in is switched on.
  scopes: p.sign_in || p.scopes.length > 0 ? p.scopes : emptyValues.scopes,
});

/** All the settings; what the form does not show is empty. */
function settingsOf(v: Values): Settings {
  const { jwks = '', jwks_url = '', ca_bundle = '', max_token_seconds = 0 } = keySettings(v);
  return {
    audience: v.audience.trim(),
    jwks,
    jwks_url,
    ca_bundle,
    max_token_seconds,
    create_users: v.create_users,
    sign_in: v.sign_in,
    client_id: v.sign_in ? v.client_id.trim() : '',
    client_secret_file: v.sign_in ? v.client_secret_file.trim() : '',
    scopes: v.sign_in ? v.scopes : [],
  };
}

const isEmpty = (value: unknown) => value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0);
const without = (drop: (key: keyof Settings, value: unknown) => boolean, settings: Settings): Partial<Settings> =>
  Object.fromEntries(Object.entries(settings).filter(([key, value]) => !drop(key as keyof Settings, value)));

/** What is sent to add one: nothing that is empty. */
export const bodyOf = (v: Values): Schema<'IdentityProviderCreate'> => ({
  name: v.name.trim(),
  issuer: v.issuer.trim(),
  ...without((_, value) => isEmpty(value), settingsOf(v)),
});

/**
 * What the form changed of what it started from, or undefined for nothing. The
 * rest is not sent, so that it does not undo what somebody else changed meanwhile.
 */
export function changesOf(start: Values, now: Values): Schema<'IdentityProviderUpdate'> | undefined {
  const before = settingsOf(start);
  const same = (key: keyof Settings, value: unknown) => JSON.stringify(before[key]) === JSON.stringify(value);
  const changes = {
    ...(start.name === now.name.trim() ? {} : { name: now.name.trim() }),
    ...without(same, settingsOf(now)),
  };
  return Object.keys(changes).length > 0 ? changes : undefined;
}
