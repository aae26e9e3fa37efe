import { Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { $api } from '@/api/client';
import { statusOf } from '@/api/problem';
import type { Delegation } from '@/api/types';
import { DelegationStatus } from '@/ui/badges';
import { LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { FailureAlert, Loading } from '@/ui/states';
import { DefaultBadge } from './DefaultBadge';
import { DelegationActions } from './DelegationActions';
import { DelegationFacts } from './DelegationFacts';
import { DelegationHistory } from './DelegationHistory';
import { WorksNow } from './WorksNow';

/** Everything about one delegation. */
export function DelegationPage({ id }: { id: string }) {
  const query = $api.useQuery('get', '/delegations/{id}', { params: { path: { id } } });
  const above = [
    <LinkTo key="all" to="/delegations">
      Trust Delegation
    </LinkTo>,
  ];
  if (!query.data) {
    return (
      <Page title="Delegation" above={above}>
        {query.isPending && <Loading />}
        <FailureAlert
          failure={query.error}
          retry={statusOf(query.error) === 404 ? undefined : () => void query.refetch()}
          title={statusOf(query.error) === 404 ? 'There is no such delegation' : 'It could not be loaded'}
        />
      </Page>
    );
  }
  return <Loaded delegation={query.data} above={above} />;
}

function Loaded({ delegation: d, above }: { delegation: Delegation; above: ReactNode[] }) {
  return (
    <Page
      title={`${d.role} → ${d.agent.name}`}
      badge={
        <>
          <DelegationStatus status={d.status} />
          {d.default && <DefaultBadge />}
        </>
      }
      above={above}
      actions={<DelegationActions delegation={d} />}
    >
      <Stack gap="lg">
        <DelegationFacts delegation={d} />
        <WorksNow delegation={d} />
        <DelegationHistory id={d.id} />
      </Stack>
    </Page>
  );
}
