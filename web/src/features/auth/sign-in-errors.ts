import type { Schema } from '@/api/types';

const said: Record<Schema<'SignInError'>, string> = {
  provider_unknown: 'There is no such way to sign in any more. Choose another.',
  provider_unavailable: 'The identity provider does not answer. Try again in a moment.',
  denied: 'The identity provider did not let you in, or you stopped there.',
  expired: 'That took too long, or it was begun in another browser. Sign in again.',
  failed: 'What the identity provider said could not be believed. If it stays so, tell an administrator.',
  not_linked: 'The identity provider knows you, but you are no user here yet. Ask an administrator to link you.',
  email_taken: 'There is a user with your email already. Ask an administrator to link you to it.',
  email_missing: 'The identity provider did not say your email, which a new user needs. Ask an administrator.',
  suspended: 'Your account is suspended. Ask an administrator.',
  rate_limited: 'Too many attempts. Wait a minute, then try again.',
  unavailable: 'AuthSec cannot do that at the moment. Try again.',
};

/** Why signing in from an identity provider came to nothing, in words. */
export const sayError = (code: string): string => (Object.hasOwn(said, code) ? said[code as keyof typeof said] : said.failed);
