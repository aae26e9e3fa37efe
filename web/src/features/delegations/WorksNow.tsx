import { Stack } from '@mantine/core';
import { $api } from '@/api/client';
import type { Delegation } from '@/api/types';
import { Explained, Proviso } from '@/ui/Explained';
import { FailureAlert, Loading, Section } from '@/ui/states';

/** What of the delegation works now, decided by the function that enforces it. */
export function WorksNow({ delegation }: { delegation: Delegation }) {
  const query = $api.useQuery(
    'get',
    '/explain',
    { params: { query: { client_id: delegation.client_id, delegation_id: delegation.id } } },
    { refetchInterval: 30_000 },
  );
  const explained = query.data?.delegations[0];
  return (
    <Section title="What works now">
      {query.isPending && <Loading lines={2} />}
      <FailureAlert failure={query.data ? null : query.error} retry={() => void query.refetch()} title="This could not be asked" />
      {query.data && explained && (
        <Stack gap="sm">
          {explained.grant && <Proviso agent={query.data.agent} />}
          <Explained {...explained} />
        </Stack>
      )}
    </Section>
  );
}
