import { Badge, Group, Paper, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { $api } from '@/api/client';
import type { Agent, Schema } from '@/api/types';
import { DelegationStatus, MadeByTemplate } from '@/ui/badges';
import { Snippet } from '@/ui/copy';
import { Explained, Proviso, Reasons } from '@/ui/Explained';
import { LinkTo } from '@/ui/links';
import { FailureAlert, Loading, Section } from '@/ui/states';

type Explanation = Schema<'DelegationExplanation'>;

/** What it can do now and why not more, and what a token would say. */
export function AgentPowers({ agent }: { agent: Agent }) {
  const unproved = agent.attestation === 'permissive' && agent.attestation_chosen;
  const query = $api.useQuery(
    'get',
    '/explain',
    { params: { query: { client_id: agent.client_id, proof: unproved ? 'none' : 'assumed' } } },
    { refetchInterval: 30_000 },
  );
  const { data } = query;
  return (
    <>
      <Section title="What it can do now">
        <FailureAlert failure={data ? null : query.error} retry={() => void query.refetch()} title="This could not be asked" />
        {query.isPending && <Loading />}
        {data && (
          <Stack gap="md">
            <Proviso agent={agent} />
            {data.delegations.length === 0 && <Text>Nothing: it has no delegation that you may see.</Text>}
            {data.delegations.map((d) => (
              <DelegationPowers key={d.delegation_id} explained={d} />
            ))}
            {data.unnamed && <Unnamed unnamed={data.unnamed} delegations={data.delegations} />}
          </Stack>
        )}
      </Section>
      {data && <Preview delegations={data.delegations} />}
    </>
  );
}

const delegatorOf = (d: Explanation) => d.delegator.name || d.delegator.email;

function DelegationPowers({ explained: d }: { explained: Explanation }) {
  return (
    <Paper withBorder p="md" component="article">
      <Stack gap="sm">
        <Group gap="xs" style={{ overflowWrap: 'anywhere' }}>
          <Text component="div" fw={600} style={{ minWidth: 0 }}>
            <LinkTo to="/delegations/$id" params={{ id: d.delegation_id }} inherit underline="always">
              {d.role}
            </LinkTo>{' '}
            for {delegatorOf(d)}
          </Text>
          <DelegationStatus status={d.status} />
          {d.default && (
            <Badge variant="default" radius="sm" tt="none">
              Default
            </Badge>
          )}
          {d.template_id && <MadeByTemplate />}
        </Group>
        <Explained {...d} />
      </Stack>
    </Paper>
  );
}

function Unnamed({ unnamed, delegations }: { unnamed: Schema<'UnnamedExplanation'>; delegations: readonly Explanation[] }) {
  const used = delegations.find((d) => d.delegation_id === unnamed.delegation_id);
  return (
    <Stack gap="xs">
      <Text fz="sm" fw={600}>
        A request that names no delegation, as the SDK's first call:
      </Text>
      {unnamed.grant && (
        <Text fz="sm" style={{ overflowWrap: 'anywhere' }}>
          gets a token {used ? `by ${used.role} for ${delegatorOf(used)}` : 'by its default delegation'}: {unnamed.grant.actions.join(', ')}
          .
        </Text>
      )}
      {unnamed.reasons && unnamed.reasons.length > 0 && (
        <>
          <Text fz="sm">is refused:</Text>
          <Reasons reasons={unnamed.reasons} />
        </>
      )}
    </Stack>
  );
}

/** Header and claims; there is no token here that anybody could use. */
function Preview({ delegations }: { delegations: readonly Explanation[] }) {
  const granted = delegations.flatMap((d) => (d.grant ? [{ ...d, grant: d.grant }] : []));
  const [chosen, setChosen] = useState<string | null>(null);
  const shown = granted.find((d) => d.delegation_id === chosen) ?? granted.find((d) => d.default) ?? granted[0];
  return (
    <Section title="Preview">
      <Text fz="sm" c="dimmed">
        What a token would say now. This is unsigned: it is not a token, and nothing accepts it.
      </Text>
      {!shown && <Text>It would get no token now; the reasons stand above.</Text>}
      {shown && granted.length > 1 && (
        <Select
          label="Delegation"
          allowDeselect={false}
          data={granted.map((d) => ({ value: d.delegation_id, label: `${d.role} for ${delegatorOf(d)}` }))}
          value={shown.delegation_id}
          onChange={setChosen}
          maw={480}
        />
      )}
      {shown && (
        <>
          <Snippet label="Header (unsigned)" code={JSON.stringify(shown.grant.header, null, 2)} />
          <Snippet label="Claims (unsigned)" code={JSON.stringify(shown.grant.claims, null, 2)} />
        </>
      )}
    </Section>
  );
}
