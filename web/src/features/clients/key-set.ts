import type { Schema } from '@/api/types';

type KeySet = Schema<'AgentKeySet'>;

/** A pasted JWK Set, or one JWK, as the API takes it; otherwise a sentence that says what to paste. */
export function readKeySet(text: string): { keys: KeySet['keys'] } | string {
  const wanted = 'Paste a JWK Set: {"keys": [ … ]}, with public keys alone.';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return wanted;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wanted;
  if ('keys' in value) return Array.isArray(value.keys) && value.keys.length > 0 ? { keys: value.keys as KeySet['keys'] } : wanted;
  return 'kty' in value ? { keys: [value as KeySet['keys'][number]] } : wanted;
}
