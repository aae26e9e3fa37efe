import { Badge, type BadgeProps, Group, List, Text } from '@mantine/core';
import type { Agent, Schema } from '@/api/types';
import { sayDuration } from '@/lib/duration';
import { constraints } from './SenderConstraint';

/** Actions by name, whatever their length. */
export function ActionNames({ names, color }: { names: readonly string[]; color?: BadgeProps['color'] }) {
  const looks: BadgeProps = color ? { variant: 'light', color, c: 'var(--mantine-color-text)' } : { variant: 'default' };
  return (
    <Group gap={6}>
      {names.map((name) => (
        <Badge key={name} {...looks} radius="sm" tt="none" fw={500} maw="100%" title={name}>
          {name}
        </Badge>
      ))}
    </Group>
  );
}

/** Why there is no token. */
export function Reasons({ reasons }: { reasons: readonly Schema<'Reason'>[] }) {
  return (
    <List fz="sm" spacing={4} style={{ overflowWrap: 'anywhere' }}>
      {reasons.map((r) => (
        <List.Item key={`${r.code} ${r.message}`}>{r.message}</List.Item>
      ))}
    </List>
  );
}

type Decision = Pick<Schema<'DelegationExplanation'>, 'grant' | 'reasons' | 'missing_actions' | 'template_id' | 'sender_constrained'>;

/** What a delegation demands besides the agent's own proof. */
function demandsOf({ template_id, sender_constrained = 'none' }: Pick<Decision, 'template_id' | 'sender_constrained'>): string[] {
  return [
    ...(template_id ? ['It works while its person is present: the agent exchanges a token of theirs.'] : []),
    ...(sender_constrained === 'none' ? [] : [`Its tokens are bound to a key of the agent: ${constraints[sender_constrained].label}.`]),
  ];
}

/** What a delegation gives at this moment, or every reason why it gives nothing, and what is missing of it. */
export function Explained({ grant, reasons = [], missing_actions: missing = [], ...demanded }: Decision) {
  return (
    <>
      {demandsOf(demanded).map((demand) => (
        <Text key={demand} fz="sm">
          {demand}
        </Text>
      ))}
      {grant && (
        <>
          <ActionNames names={grant.actions} color="teal" />
          <Text fz="sm" style={{ overflowWrap: 'anywhere' }}>
            A token lasts {sayDuration(grant.lifetime_seconds)}, for {grant.audience.join(', ')}.
          </Text>
        </>
      )}
      {reasons.length > 0 && (
        <>
          <Text fz="sm" fw={600}>
            No token, because:
          </Text>
          <Reasons reasons={reasons} />
        </>
      )}
      {missing.length > 0 && (
        <>
          <Text fz="sm" fw={600}>
            What it cannot do:
          </Text>
          <List fz="sm" spacing={4} style={{ overflowWrap: 'anywhere' }}>
            {missing.map((m) => (
              <List.Item key={m.action}>
                <Text span inherit ff="monospace">
                  {m.action}
                </Text>
                : {m.message}
              </List.Item>
            ))}
          </List>
        </>
      )}
    </>
  );
}

/**
 * What an explanation takes for granted. Permissive by choice needs no proof
 * anywhere; permissive by default needs none on the server's own machine alone.
 */
export function Proviso({ agent }: { agent: Pick<Agent, 'attestation' | 'attestation_chosen'> }) {
  const permissive = agent.attestation === 'permissive';
  if (permissive && agent.attestation_chosen) return null;
  return (
    <Text fz="sm" c="dimmed">
      {permissive ? "Provided that it calls from the server's own machine." : 'Provided that its workload proves itself.'}
    </Text>
  );
}
