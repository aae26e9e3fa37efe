import type { Schema } from '@/api/types';

type Party = Schema<'AuditParty'>;

/** A party by its name then, its ID, or at least its type. */
export const partyName = ({ name, id, type }: Party): string => name || id || type;

/** "agent Billing Bot", or the type alone. */
export function partyLabel(party: Party): string {
  const name = partyName(party);
  return name === party.type ? name : `${party.type} ${name}`;
}

/** The agent of an event: by the name it had then if the event says it, else by the one it has now. */
export function agentOf(
  { actor, target, client_id = '' }: Pick<Schema<'AuditEvent'>, 'actor' | 'target' | 'client_id'>,
  nameNow: (clientId: string) => string,
): string {
  const party = [actor, target].find(({ type, id, name }) => type === 'agent' && id === client_id && name);
  return party?.name ?? nameNow(client_id);
}
