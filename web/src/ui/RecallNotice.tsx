import { Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { client } from '@/api/client';
import { failureText, statusOf } from '@/api/problem';
import type { Schema } from '@/api/types';
import { useNow } from '@/lib/use-now';
import { outOf } from './out';
import { isOf, isSettled, missing, sayRecall } from './recall';

type Progress = Schema<'RecallProgress'>;

/** Whose tokens a change recalls: those of a delegation of an agent, or all of the agent's. */
export interface Recalled {
  agent: string;
  delegation?: string;
}

/** The last recall, or null when there is none. */
async function askRecall({ agent, delegation }: Recalled): Promise<Progress | null> {
  const { data, error } = delegation
    ? await client.GET('/delegations/{id}/recall', { params: { path: { id: delegation } } })
    : await client.GET('/agents/{client_id}/recall', { params: { path: { client_id: agent } } });
  if (data) return data;
  if (statusOf(error) === 404) return null;
  throw error;
}

/** Whether a token may be out. What cannot be told in a second may be: no change waits longer for this. */
async function mayBeOut({ agent, delegation }: Recalled): Promise<boolean> {
  const unknown = AbortSignal.timeout(1_000);
  try {
    const params = { path: { client_id: agent }, query: { limit: 200 } };
    const { data } = await client.GET('/agents/{client_id}/tokens', { params, signal: unknown });
    if (!data) return true;
    if (!delegation) return data.outstanding.count > 0 || data.outstanding.more;
    const { count, atLeast } = outOf(delegation, data, new Date());
    return count > 0 || atLeast;
  } catch {
    return true;
  }
}

async function announce(of: Recalled, did: string, answered: Date, quiet: boolean) {
  if (quiet) {
    // A failure is the notice's to say.
    const last = await askRecall(of).catch(() => undefined);
    if (last === null || (last && !isOf(last, answered))) return;
  }
  const id = crypto.randomUUID();
  const hide = () => notifications.hide(id);
  notifications.show({ id, title: did, message: <RecallNotice of={of} answered={answered} onHeard={hide} />, autoClose: false });
}

/**
 * Makes a change that recalls tokens, and shows how far the recall has come:
 * `did` is what was done ("Revoked"). `change` gives the server's answer. When
 * nothing was recalled, that is said, unless the change was `quiet`: an edit.
 */
export async function recalling(of: Recalled, did: string, change: () => Promise<Response>, quiet = false): Promise<void> {
  const out = await mayBeOut(of);
  const answer = await change();
  if (out) void announce(of, did, new Date(answer.headers.get('Date') ?? Date.now()), quiet);
  else if (!quiet) notifications.show({ title: did, message: 'No token was out.' });
}

interface Props {
  of: Recalled;
  /** When the server answered the change. */
  answered: Date;
  /** There is nothing more to see. */
  onHeard: () => void;
}

/** Live until all have heard, or it has waited long enough; then what remains. */
function RecallNotice({ of, answered, onHeard }: Props) {
  const [began] = useState(() => Date.now());
  const waited = useNow(500).getTime() - began;
  const { data, error } = useQuery({
    queryKey: ['recall', of, began],
    queryFn: () => askRecall(of),
    refetchInterval: ({ state }) => (state.data && isSettled(state.data, Date.now() - began) ? false : 500),
    retry: false,
    gcTime: 0,
  });
  const progress = data && isOf(data, answered) ? data : null;
  const heard = data !== undefined && (progress === null || (missing(progress) === 0 && progress.verifiers.connected > 0));
  useEffect(() => {
    if (!heard) return;
    const timer = setTimeout(onHeard, 10_000);
    return () => clearTimeout(timer);
  }, [heard, onHeard]);
  if (data === undefined)
    return error ? `How far the recall has come could not be asked: ${failureText(error)}` : 'The tokens that are out are being recalled…';
  const { news, rest } = progress ? sayRecall(progress, waited) : { news: 'No token was recalled.', rest: undefined };
  return (
    <Stack gap={4}>
      <Text inherit>{news}</Text>
      {rest && (
        <Text inherit fz="sm">
          {rest}
        </Text>
      )}
    </Stack>
  );
}
