import { Stack, Tabs, Text } from '@mantine/core';
import type { Agent, Catalogue } from '@/api/types';
import { Snippet } from '@/ui/copy';
import { Section } from '@/ui/states';
import type { SetUpTab } from './search';
import { clusterSpiffeId, exportLines, hasSpire, kubernetesManifest, pythonSnippet, spireEntry } from './snippets';

interface Props {
  agent: Agent;
  catalogue: Catalogue;
  tab: SetUpTab | undefined;
  setTab: (tab: SetUpTab) => void;
}

/** Ready to copy. */
export function AgentSetUp({ agent, catalogue, tab = 'python', setTab }: Props) {
  const { server } = catalogue;
  const kubernetes = agent.platform === 'kubernetes';
  const spire = hasSpire(agent);
  const has = { python: true, kubernetes, spire };
  const trustDomain = agent.spiffe_id.split('/')[2];
  return (
    <Section title="Set up">
      <Tabs value={has[tab] ? tab : 'python'} keepMounted={false} onChange={(t) => setTab(t as SetUpTab)}>
        <Tabs.List mb="md">
          <Tabs.Tab value="python">Python</Tabs.Tab>
          {kubernetes && <Tabs.Tab value="kubernetes">Kubernetes</Tabs.Tab>}
          {spire && <Tabs.Tab value="spire">SPIRE</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="python">
          <Stack gap="md">
            <Snippet label="Environment" code={exportLines(agent, server)} />
            <Snippet label="Install" code="pip install authsec-langchain-sdk" />
            <Snippet label="Python" code={pythonSnippet(agent)} />
          </Stack>
        </Tabs.Panel>
        {kubernetes && (
          <Tabs.Panel value="kubernetes">
            <Stack gap="md">
              <Text fz="sm">
                The token volume is what proves the pod: Kubernetes renews it, and its audience is this server alone. Put in your own image.
              </Text>
              <Snippet label="Kubernetes manifest" code={kubernetesManifest(agent, server)} />
            </Stack>
          </Tabs.Panel>
        )}
        {spire && (
          <Tabs.Panel value="spire">
            <Stack gap="md">
              <Text fz="sm" style={{ overflowWrap: 'anywhere' }}>
                For a SPIRE whose trust domain is {trustDomain}.
              </Text>
              <Snippet label="spire-server entry create" code={spireEntry(agent)} />
              {kubernetes && <Snippet label="ClusterSPIFFEID" code={clusterSpiffeId(agent)} />}
            </Stack>
          </Tabs.Panel>
        )}
      </Tabs>
    </Section>
  );
}
