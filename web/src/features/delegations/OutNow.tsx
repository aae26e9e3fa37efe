import { Text } from '@mantine/core';
import { $api } from '@/api/client';
import { failureText } from '@/api/problem';
import type { Delegation } from '@/api/types';
import { count } from '@/lib/text';
import { outOf } from '@/ui/out';
import { Countdown } from '@/ui/When';

/** What is out of the delegation, which revoking or disabling it recalls. */
export function OutNow({ delegation }: { delegation: Delegation }) {
  const { data, error } = $api.useQuery('get', '/agents/{client_id}/tokens', {
    params: { path: { client_id: delegation.client_id }, query: { limit: 200 } },
  });
  return (
    <Text mt="sm" fz="sm">
      {data ? (
        <Said out={outOf(delegation.id, data, new Date())} />
      ) : error ? (
        `How many tokens are out could not be asked: ${failureText(error)} What is out is recalled.`
      ) : (
        'Counting the tokens that are out…'
      )}
    </Text>
  );
}

function Said({ out: { count: n, atLeast, last } }: { out: ReturnType<typeof outOf> }) {
  if (!last) return atLeast ? 'Older tokens of it may be out; they are recalled.' : 'No token of it is out.';
  if (n === 1 && !atLeast)
    return (
      <>
        1 token of it is out and is recalled. An API that does not listen for recalls accepts it until it expires, in{' '}
        <Countdown until={last} over="no time" />.
      </>
    );
  return (
    <>
      {atLeast && 'At least '}
      {count(n, 'token')} of it {n === 1 ? 'is' : 'are'} out and {n === 1 ? 'is' : 'are'} recalled. An API that does not listen for recalls
      accepts them until they expire, the last{atLeast && ' of these'} in <Countdown until={last} over="no time" />.
    </>
  );
}
