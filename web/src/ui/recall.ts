import type { Schema } from '@/api/types';
import { count } from '@/lib/text';

type Progress = Schema<'RecallProgress'>;

/** For how long a notice waits for those who have not heard, in milliseconds. */
export const patience = 10_000;
/** For how long whoever reads status lists may hold one, in seconds: the lists' own `ttl`. */
const listSeconds = 10;

export const missing = ({ verifiers: { connected, heard } }: Progress): number => Math.max(0, connected - heard);

/** Whether nothing more is to be waited for. */
export const isSettled = (progress: Progress, waited: number): boolean =>
  progress.tokens.count === 0 || missing(progress) === 0 || waited >= patience;

/** Whether the recall came with a change that the server answered at `answered`, and not with one before. */
export const isOf = ({ at }: Progress, answered: Date): boolean =>
  // The header that says when has whole seconds, and comes after the transaction.
  new Date(at).getTime() > answered.getTime() - 2_000;

/** How far a recall has come, `waited` milliseconds after it began. */
export function sayRecall(progress: Progress, waited: number): { news: string; rest?: string } {
  const { tokens, verifiers } = progress;
  if (tokens.count === 0) return { news: 'No token was out.' };
  const recalled = `${tokens.more ? 'At least ' : ''}${count(tokens.count, 'token')} recalled`;
  if (verifiers.connected === 0) {
    const polling = verifiers.polling > 0 ? ` ${count(verifiers.polling, 'API')} asked within the last minute.` : '';
    return {
      news: `${recalled} · no verifier is connected`,
      rest: `An API that polls, or reads status lists, refuses them within ${listSeconds} s.${polling} One that does neither accepts them until they expire.`,
    };
  }
  const heard = `${verifiers.heard} of ${count(verifiers.connected, 'connected verifier')} ${verifiers.connected === 1 ? 'has' : 'have'} heard`;
  const news = `${recalled} · ${heard}`;
  const left = missing(progress);
  if (left === 0 || waited < patience) return { news };
  const [has, it] = left === 1 ? ['has', 'it polls or holds its list'] : ['have', 'they poll or hold their lists'];
  return { news, rest: `${left} ${has} not answered; ${it} for at most ${listSeconds} s.` };
}
