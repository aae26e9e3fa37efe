import { useQuery } from '@tanstack/react-query';
import { catalogueQuery } from '@/api/catalogue';
import { $api } from '@/api/client';
import { useCan } from '@/api/session';
import { ActiveStatus } from '@/ui/badges';
import { LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { FailureAlert } from '@/ui/states';
import { Absent, isThere, Outdated } from '@/ui/thing';
import { AgentActions } from './AgentActions';
import { AgentDelegations } from './AgentDelegations';
import { AgentFacts } from './AgentFacts';
import { AgentKeys } from './AgentKeys';
import { AgentPowers } from './AgentPowers';
import { AgentSetUp } from './AgentSetUp';
import { AgentTokens } from './AgentTokens';
import type { AgentSearch } from './search';

interface Props {
  clientId: string;
  search: AgentSearch;
  setSearch: (change: AgentSearch) => void;
}

/** One agent: who it is, what it can do now, what it got, how to set it up. */
export function AgentPage({ clientId, search, setSearch }: Props) {
  const can = useCan();
  const editable = can('agents.write');
  const query = $api.useQuery('get', '/agents/{client_id}', { params: { path: { client_id: clientId } } });
  const { data: catalogue, error: noCatalogue, refetch: askCatalogue } = useQuery(catalogueQuery);
  const above = [
    <LinkTo key="clients" to="/clients">
      MCP Servers / AI Agents
    </LinkTo>,
  ];
  if (!isThere(query)) {
    return (
      <Page title="AI Agent" above={above}>
        <Absent query={query} what="agent" />
      </Page>
    );
  }
  const agent = query.data;
  return (
    <Page
      title={agent.name}
      badge={<ActiveStatus status={agent.status} />}
      above={above}
      actions={editable && <AgentActions agent={agent} catalogue={catalogue} />}
    >
      <Outdated query={query} what="agent" />
      <AgentFacts agent={agent} catalogue={catalogue} editable={editable} />
      {agent.platform === 'other' && <AgentKeys agent={agent} editable={editable} />}
      <AgentDelegations agent={agent} />
      <AgentPowers agent={agent} />
      <AgentTokens agent={agent} />
      <FailureAlert
        failure={catalogue ? null : noCatalogue}
        retry={() => void askCatalogue()}
        title="What is needed to edit and set up the agent could not be loaded"
      />
      {catalogue && <AgentSetUp agent={agent} catalogue={catalogue} tab={search.setup} setTab={(setup) => setSearch({ setup })} />}
    </Page>
  );
}
