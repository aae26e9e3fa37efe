import { type ReactNode, useState } from 'react';
import { localOf } from '@/lib/local-time';
import { AgentsField } from '@/ui/AgentsField';
import { AudiencesField } from '@/ui/AudiencesField';
import { InstantInput } from '@/ui/InstantInput';
import { type Constraint, SenderConstraintField, weakens } from '@/ui/SenderConstraint';
import type { Values } from './edit';

interface Limits {
  /** Local time, `YYYY-MM-DD HH:mm:ss`; null: open-ended. */
  ends_at: string | null;
  resources: string[];
  sub_agents: Values['sub_agents'];
  sender_constrained: Constraint;
}

interface Props extends Limits {
  onChange: (change: Partial<Limits>) => void;
  errors: { [Field in keyof Limits]?: ReactNode };
  /** The agent that it is lent to, once it is chosen. */
  agent: string | undefined;
  /** It can only be narrowed: what it was when the form opened. */
  within?: Pick<Values, 'sub_agents' | 'sender_constrained'> | undefined;
}

/** When a delegation ends, where its tokens are good, and for whom. */
export function LimitFields({ ends_at, resources, sub_agents, sender_constrained, onChange, errors, agent, within }: Props) {
  const [opening] = useState(() => localOf(new Date().toISOString()));
  return (
    <>
      <InstantInput
        label="End date"
        description="After it the agent gets no more tokens. Open-ended if empty."
        placeholder="No end"
        value={ends_at}
        onChange={(value) => onChange({ ends_at: value })}
        min={opening}
        error={errors.ends_at}
        w={240}
      />
      <AudiencesField value={resources} onChange={(value) => onChange({ resources: value })} error={errors.resources} />
      <AgentsField
        value={sub_agents}
        onChange={(value) => onChange({ sub_agents: value })}
        own={agent}
        among={within?.sub_agents}
        error={errors.sub_agents}
      />
      <SenderConstraintField
        value={sender_constrained}
        onChange={(value) => onChange({ sender_constrained: value })}
        {...(within ? { allowed: (to: Constraint) => !weakens(within.sender_constrained, to) } : {})}
        error={errors.sender_constrained}
      />
    </>
  );
}
