import { Button, Stack, Tabs } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useCan } from '@/api/session';
import { Page } from '@/ui/Page';
import { AgentsList } from './AgentsList';
import { OnboardClient } from './OnboardClient';
import { ServersList } from './ServersList';
import type { ClientsSearch, SetClientsSearch } from './search';

export function ClientsPage({ search, setSearch }: { search: ClientsSearch; setSearch: SetClientsSearch }) {
  const can = useCan();
  const tab = search.tab ?? 'agents';
  const may = { agent: can('agents.write'), server: can('resources.write') };
  const onboard = (kind: 'agent' | 'server') => (may[kind] ? () => setSearch({ onboard: kind }) : undefined);
  const open = onboard(tab === 'servers' ? 'server' : 'agent');
  const lists = { search, setSearch };
  return (
    <Page
      title="MCP Servers / AI Agents"
      description="AI agents get tokens for what people lend them; MCP servers and other APIs accept these tokens."
      actions={
        open && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={open}>
            Onboard New Client
          </Button>
        )
      }
    >
      <Tabs value={tab} keepMounted={false} onChange={(v) => setSearch({ tab: v === 'servers' ? 'servers' : undefined, q: undefined })}>
        <Tabs.List mb="md">
          <Tabs.Tab value="agents">AI Agents</Tabs.Tab>
          <Tabs.Tab value="servers">MCP Servers</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="agents">
          <Stack gap="md">
            <AgentsList {...lists} onboard={onboard('agent')} />
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="servers">
          <Stack gap="md">
            <ServersList {...lists} onboard={onboard('server')} />
          </Stack>
        </Tabs.Panel>
      </Tabs>
      {(may.agent || may.server) && (
        <OnboardClient
          kind={search.onboard}
          onKind={(kind) => setSearch({ onboard: kind })}
          onClose={() => setSearch({ onboard: undefined })}
        />
      )}
    </Page>
  );
}
