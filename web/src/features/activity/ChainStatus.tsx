import { Alert, Group, Text } from '@mantine/core';
import { IconLinkOff, IconShieldCheck, IconShieldQuestion } from '@tabler/icons-react';
import { $api } from '@/api/client';
import { FailureAlert } from '@/ui/states';
import { When } from '@/ui/When';

/** How far the log is proved to be unchanged. */
export function ChainStatus() {
  const { data, error, refetch } = $api.useQuery('get', '/audit-chain', undefined, { refetchInterval: 30_000 });
  if (!data) return <FailureAlert failure={error} retry={() => void refetch()} title="The chain’s status could not be loaded" />;
  if (data.broken_at !== null) {
    return (
      <Alert color="red" icon={<IconLinkOff />} role="alert" title={`The chain is broken at event ${data.broken_at.toLocaleString()}`}>
        Verified up to event {data.verified_up_to.toLocaleString()} of {data.events.toLocaleString()}. Somebody changed or removed what the
        log held. Keep a copy of the database, and run authsec audit verify.
      </Alert>
    );
  }
  const verified = data.verified_at !== null;
  const Icon = verified ? IconShieldCheck : IconShieldQuestion;
  return (
    <Group gap={6} wrap="nowrap">
      <Icon size={18} aria-hidden color={verified ? 'var(--mantine-color-teal-7)' : undefined} />
      <Text fz="sm">
        {verified ? (
          <>
            Chain verified up to event {data.verified_up_to.toLocaleString()} of {data.events.toLocaleString()},{' '}
            <When time={data.verified_at} />
          </>
        ) : (
          'The chain has not been verified yet'
        )}
      </Text>
    </Group>
  );
}
