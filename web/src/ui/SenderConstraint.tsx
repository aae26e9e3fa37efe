import { Radio, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Schema } from '@/api/types';

export type Constraint = Schema<'SenderConstraint'>;

/** In order of strictness: what it is called, and what it means. */
export const constraints: Record<Constraint, { label: string; help: string }> = {
  none: { label: 'Not demanded', help: 'Whoever holds a token can use it, unless the agent asks for a bound one.' },
  any: { label: 'DPoP or mutual TLS', help: 'Either binding will do.' },
  dpop: { label: 'DPoP', help: 'The agent signs each request with a key of its own (RFC 9449).' },
  mtls: { label: 'Mutual TLS', help: 'The agent connects with a client certificate (RFC 8705).' },
};

const all = Object.keys(constraints) as Constraint[];

/** Whether a token that meets the constraint `to` may not meet `from`: it is weaker. */
export const weakens = (from: Constraint, to: Constraint): boolean =>
  !(from === to || from === 'none' || (from === 'any' && to !== 'none'));

interface Props {
  value: Constraint;
  onChange: (constraint: Constraint) => void;
  /** What may be chosen, when it is not everything. */
  allowed?: (constraint: Constraint) => boolean;
  error?: ReactNode;
}

/** Whether a stolen token is of use to nobody. */
export function SenderConstraintField({ value, onChange, allowed = () => true, error }: Props) {
  return (
    <Radio.Group
      label="Sender-constrained tokens"
      description="A bound token works only for the agent that holds the key to it: stolen, it is of no use. The APIs must check the binding; the AuthSec verifiers do."
      value={value}
      onChange={(v) => onChange(v as Constraint)}
      error={error}
    >
      <Stack gap="xs" mt="xs">
        {all.map((c) => (
          <Radio key={c} value={c} label={constraints[c].label} description={constraints[c].help} disabled={!allowed(c)} />
        ))}
      </Stack>
    </Radio.Group>
  );
}
