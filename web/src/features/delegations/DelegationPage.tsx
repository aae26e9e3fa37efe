import { Stack } from '@mantine/core';
import { $api } from '@/api/client';
import { DelegationStatus, MadeByTemplate } from '@/ui/badges';
import { LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { Absent, isThere, Outdated } from '@/ui/thing';
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
  if (!isThere(query)) {
    return (
      <Page title="Delegation" above={above}>
        <Absent query={query} what="delegation" />
      </Page>
    );
  }
  const d = query.data;
  return (
    <Page
      title={`${d.role} → ${d.agent.name}`}
      badge={
        <>
          <DelegationStatus status={d.status} />
          {d.default && <DefaultBadge />}
          {d.template && <MadeByTemplate />}
        </>
      }
      above={above}
      actions={<DelegationActions delegation={d} />}
    >
      <Outdated query={query} what="delegation" />
      <Stack gap="lg">
        <DelegationFacts delegation={d} />
        <WorksNow delegation={d} />
        <DelegationHistory id={d.id} />
      </Stack>
    </Page>
  );
}
