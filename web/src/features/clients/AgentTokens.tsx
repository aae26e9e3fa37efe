import { Text } from '@mantine/core';
import { IconTicket } from '@tabler/icons-react';
import { useList } from '@/api/list';
import { useCan } from '@/api/session';
import type { Agent } from '@/api/types';
import { ProofMethod } from '@/ui/badges';
import { Clip } from '@/ui/Clip';
import { ListTable } from '@/ui/ListTable';
import { Empty, Section } from '@/ui/states';
import { Countdown, When } from '@/ui/When';

/** The last tokens, as they are issued. */
export function AgentTokens({ agent }: { agent: Agent }) {
  const can = useCan();
  const tokens = useList('/agents/{client_id}/tokens', {}, { path: { client_id: agent.client_id }, refetchInterval: 3000 });
  return (
    <Section title="Last tokens">
      <ListTable
        label="Last tokens of this agent"
        list={tokens}
        keyOf={(t) => t.jti}
        columns={[
          {
            header: 'For',
            cell: (t) => (
              <>
                <Clip text={t.subject.name || t.subject.email} />
                {t.chain.length > 1 && (
                  <Text size="xs" c="dimmed">
                    handed on through {t.chain.length} agents
                  </Text>
                )}
              </>
            ),
          },
          { header: 'Actions', cell: (t) => <Clip text={t.actions.join(', ')} /> },
          { header: 'Audience', optional: true, cell: (t) => <Clip text={t.audience.join(', ')} /> },
          {
            header: 'Attested',
            width: 125,
            cell: (t) => (
              <>
                <ProofMethod method={t.attestation} />
                {t.bound_by !== 'none' && (
                  <Text size="xs" c="dimmed">
                    bound by {t.bound_by === 'dpop' ? 'DPoP' : 'mTLS'}
                  </Text>
                )}
              </>
            ),
          },
          { header: 'Issued', width: 120, optional: true, cell: (t) => <When time={t.issued_at} /> },
          { header: 'Expires in', width: 110, cell: (t) => <Countdown until={t.expires_at} /> },
        ]}
        empty={
          <Empty icon={IconTicket} title={can('delegations.read_all') ? 'No tokens yet' : 'No tokens for you yet'}>
            Set the agent up as below; what it gets appears here at once.
          </Empty>
        }
      />
    </Section>
  );
}
