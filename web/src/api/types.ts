import type { components } from './schema.gen';

/** The API's schemas by name: `Schema<'Agent'>`. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

export type Agent = Schema<'Agent'>;
export type AgentWithSecret = Schema<'AgentWithSecret'>;
export type Catalogue = Schema<'Catalogue'>;
export type Delegation = Schema<'Delegation'>;
export type Permission = Schema<'ConsolePermission'>;
export type Problem = Schema<'Problem'>;
export type Session = Schema<'Session'>;
