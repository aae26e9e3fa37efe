import { Stack, Text } from '@mantine/core';
import { $api } from '@/api/client';
import { useCan } from '@/api/session';
import { CopyValue } from '@/ui/copy';
import { LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { Section } from '@/ui/states';
import { Absent, isThere, Outdated } from '@/ui/thing';
import { When } from '@/ui/When';
import { ServerActions } from './ServerActions';

/** One MCP server, or another API that accepts tokens. */
export function ServerPage({ id }: { id: string }) {
  const can = useCan();
  const query = $api.useQuery('get', '/resources/{id}', { params: { path: { id } } });
  const above = [
    <LinkTo key="clients" to="/clients" search={{ tab: 'servers' }}>
      MCP Servers / AI Agents
    </LinkTo>,
  ];
  if (!isThere(query)) {
    return (
      <Page title="MCP Server" above={above}>
        <Absent query={query} what="server" />
      </Page>
    );
  }
  const server = query.data;
  return (
    <Page title={server.name} above={above} actions={can('resources.write') && <ServerActions server={server} />}>
      <Outdated query={query} what="server" />
      <Section title="Identity">
        <Stack gap={4}>
          <Text fz="sm" c="dimmed">
            Resource URI
          </Text>
          <CopyValue value={server.uri} label="Resource URI" />
          <Text fz="sm">
            The audience of its tokens: it must refuse tokens that do not name it. A delegation that lists it limits tokens to it.
          </Text>
          <Text fz="sm" c="dimmed">
            Onboarded <When time={server.created_at} />, changed <When time={server.updated_at} />
          </Text>
        </Stack>
      </Section>
    </Page>
  );
}
