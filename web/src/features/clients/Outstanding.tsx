import { Text } from '@mantine/core';
import { $api } from '@/api/client';
import { failureText } from '@/api/problem';
import { count } from '@/lib/text';
import { formatTime } from '@/lib/time';
import { Countdown } from '@/ui/When';

/** What is out already, which suspending or deleting the agent recalls. */
export function Outstanding({ clientId }: { clientId: string }) {
  const { data, error } = $api.useQuery('get', '/agents/{client_id}/tokens', {
    params: { path: { client_id: clientId }, query: { limit: 1 } },
  });
  if (error) return <Text fz="sm">How many tokens are out could not be asked: {failureText(error)}</Text>;
  if (!data) return <Text fz="sm">Counting the tokens that are out…</Text>;
  const { count: out, more, last_expires_at: last } = data.outstanding;
  if (!last) return <Text fz="sm">No token of it is out.</Text>;
  const when = (
    <>
      {formatTime(last)} (in <Countdown until={last} over="no time" />)
    </>
  );
  if (out === 1 && !more)
    return (
      <Text fz="sm">1 token is out and is recalled. An API that does not listen for recalls accepts it until it expires at {when}.</Text>
    );
  return (
    <Text fz="sm">
      {more && 'At least '}
      {count(out, 'token')} {out === 1 ? 'is' : 'are'} out and {out === 1 ? 'is' : 'are'} recalled. An API that does not listen for recalls
      accepts them until they expire, {more ? 'at the latest at' : 'the last at'} {when}.
    </Text>
  );
}
