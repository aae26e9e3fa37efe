import { Text } from '@mantine/core';
import { useList } from '@/api/list';
import { failureText } from '@/api/problem';
import { count } from '@/lib/text';

/** How many active delegations would stop. */
export function Lent({ userId }: { userId: string }) {
  const { items, loading, failure, hasMore } = useList('/delegations', { delegator: userId, status: 'active', limit: 200 });
  if (failure) return <Text fz="sm">How many delegations this stops could not be asked: {failureText(failure)}</Text>;
  if (loading) return <Text fz="sm">Counting their delegations…</Text>;
  if (items.length === 0) return <Text fz="sm">They have no active delegation.</Text>;
  return (
    <Text fz="sm" fw={600}>
      {hasMore && 'At least '}
      {count(items.length, 'active delegation')} of theirs {items.length === 1 ? 'stops' : 'stop'}.
    </Text>
  );
}
