import { Badge, type BadgeProps, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconShieldCheck } from '@tabler/icons-react';
import type { Agent, Delegation, Schema } from '@/api/types';

// The colour is the badge's ground; on it only the text's own colour has enough contrast in both schemes (WCAG 1.4.3).
const base: BadgeProps = { variant: 'light', radius: 'sm', tt: 'none', fw: 600, c: 'var(--mantine-color-text)' };

const delegation: Record<Delegation['status'], [string, string]> = {
  active: ['teal', 'Active'],
  disabled: ['yellow', 'Disabled'],
  revoked: ['red', 'Revoked'],
  ended: ['gray', 'Ended'],
};

export function DelegationStatus({ status }: { status: Delegation['status'] }) {
  const [color, label] = delegation[status];
  return (
    <Badge {...base} color={color}>
      {label}
    </Badge>
  );
}

export function ActiveStatus({ status }: { status: Agent['status'] | Schema<'UserStatus'> }) {
  return (
    <Badge {...base} color={status === 'active' ? 'teal' : 'red'}>
      {status === 'active' ? 'Active' : 'Suspended'}
    </Badge>
  );
}

/** Permissive is shown in red wherever the agent is. */
export function Attestation({ mode }: { mode: Agent['attestation'] }) {
  return mode === 'required' ? (
    <Badge {...base} color="teal" leftSection={<IconShieldCheck size={13} aria-hidden />}>
      Attested
    </Badge>
  ) : (
    <Tooltip label="Gets tokens without proof of its workload" withArrow>
      <Badge {...base} variant="filled" color="red" c="white" leftSection={<IconAlertTriangle size={13} aria-hidden />}>
        Permissive
      </Badge>
    </Tooltip>
  );
}

/** Of what can be switched off without being taken away. */
export function Enabled({ enabled }: { enabled: boolean }) {
  return (
    <Badge {...base} color={enabled ? 'teal' : 'yellow'}>
      {enabled ? 'Enabled' : 'Disabled'}
    </Badge>
  );
}

const levels: Record<Schema<'Level'>, [string, string]> = {
  admin: ['violet', 'Admin'],
  member: ['blue', 'Member'],
  auditor: ['gray', 'Auditor'],
};

export function Level({ level }: { level: Schema<'Level'> }) {
  const [color, label] = levels[level];
  return (
    <Badge {...base} color={color}>
      {label}
    </Badge>
  );
}

export function Outcome({ outcome }: { outcome: Schema<'AuditOutcome'> }) {
  return (
    <Badge {...base} color={outcome === 'success' ? 'teal' : 'red'}>
      {outcome === 'success' ? 'Success' : 'Refused'}
    </Badge>
  );
}

/** How a token's workload proved itself. */
export function ProofMethod({ method }: { method: Schema<'AttestationMethod'> }) {
  return (
    <Badge {...base} {...(method === 'none' ? { variant: 'filled', color: 'red', c: 'white' } : { color: 'teal' })}>
      {method === 'none' ? 'No proof' : method}
    </Badge>
  );
}

/** Of a delegation that a delegation template made. */
export function MadeByTemplate() {
  return (
    <Tooltip label="Made by a delegation template: works while its person is present" withArrow>
      <Badge {...base} color="violet" style={{ flexShrink: 0 }}>
        Template
      </Badge>
    </Tooltip>
  );
}

export function Sensitive() {
  return (
    <Badge {...base} color="orange" size="sm">
      Sensitive
    </Badge>
  );
}
