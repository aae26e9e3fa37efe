import { Text } from '@mantine/core';
import { $api } from '@/api/client';
import { failureText } from '@/api/problem';
import type { Delegation } from '@/api/types';
import { count } from '@/lib/text';
import { Countdown } from '@/ui/When';
import { outOf } from './out';

/** What is out at the agent, which no change of the delegation calls back. */
export function OutNow({ delegation }: { delegation: Delegation }) {
  const { data, error } = $api.useQuery('get', '/agents/{client_id}/tokens', {
    params: { path: { client_id: delegation.client_id }, query: { limit: 200 } },
  });
  return (
    <Text mt="sm" fz="sm">
      {data ? (
        <Said out={outOf(delegation.id, data, new Date())} />
      ) : error ? (
        `How many tokens are out could not be asked: ${failureText(error)} What is out works until it expires.`
      ) : (
        'Counting the tokens that are out…'
      )}
    </Text>
  );
}

function Said({ out: { count: n, atLeast, last } }: { out: ReturnType<typeof outOf> }) {
  if (!last) return atLeast ? 'Older tokens of it may be out; they work until they expire.' : 'No token of it is out.';
  if (n === 1 && !atLeast)
    return (
      <>
        1 token of it is out and works until it expires, in <Countdown until={last} over="no time" />.
      </>
    );
  return (
    <>
      {atLeast && 'At least '}
      {count(n, 'token')} of it {n === 1 ? 'is' : 'are'} out and can be used until they expire; the last{atLeast && ' of these'} in{' '}
      <Countdown until={last} over="no time" />.
    </>
  );
}
