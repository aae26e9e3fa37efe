import { useCan } from '@/api/session';
import type { Schema } from '@/api/types';
import { LinkTo } from '@/ui/links';
import { partyLabel, partyName } from './parties';

/** A party with the page it has now, if its kind has one that the reader may see. */
export function PartyLink({ party }: { party: Schema<'AuditParty'> }) {
  const can = useCan();
  const label = `${partyLabel(party)}${party.via ? ` (${party.via})` : ''}`;
  const text = !party.id || partyName(party) === party.id ? label : `${label}, ${party.id}`;
  if (!party.id) return text;
  switch (party.type) {
    case 'agent':
      return (
        <LinkTo to="/clients/agents/$clientId" params={{ clientId: party.id }} fz="sm">
          {label}
        </LinkTo>
      );
    case 'resource':
      return (
        <LinkTo to="/clients/servers/$id" params={{ id: party.id }} fz="sm">
          {label}
        </LinkTo>
      );
    case 'delegation':
      return (
        <LinkTo to="/delegations/$id" params={{ id: party.id }} fz="sm">
          {label}
        </LinkTo>
      );
    case 'role':
      return (
        <LinkTo to="/access/roles/$name" params={{ name: party.id }} fz="sm">
          {label}
        </LinkTo>
      );
    case 'user':
      if (!can('users.read')) return text;
      return (
        <LinkTo to="/access/users/$id" params={{ id: party.id }} fz="sm">
          {label}
        </LinkTo>
      );
    case 'identity_provider':
      if (!can('identity_providers.read')) return text;
      return (
        <LinkTo to="/settings/identity-providers/$id" params={{ id: party.id }} fz="sm">
          {label}
        </LinkTo>
      );
    case 'delegation_template':
      if (!can('delegation_templates.read')) return text;
      return (
        <LinkTo to="/delegation-templates/$id" params={{ id: party.id }} fz="sm">
          {label}
        </LinkTo>
      );
    default:
      return text;
  }
}
