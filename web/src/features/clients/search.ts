import type { Agent } from '@/api/types';
import type { Kind } from './OnboardClient';

/** The state of the clients' page, which its URL holds. */
export interface ClientsSearch {
  tab?: 'agents' | 'servers' | undefined;
  q?: string | undefined;
  type?: string | undefined;
  platform?: string | undefined;
  attestation?: Agent['attestation'] | undefined;
  status?: Agent['status'] | undefined;
  onboard?: Kind | undefined;
}

export type SetUpTab = 'python' | 'kubernetes' | 'spire';

/** The state of an agent's page, which its URL holds. */
export interface AgentSearch {
  setup?: SetUpTab | undefined;
}

export type SetClientsSearch = (change: Partial<ClientsSearch>) => void;
