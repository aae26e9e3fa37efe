import { Stack, Tabs, Text } from '@mantine/core';
import type { Agent, Catalogue } from '@/api/types';
import { Snippet } from '@/ui/copy';
import { Section } from '@/ui/states';
import { clusterSpiffeId, exportLines, hasSpire, kubernetesManifest, pythonSnippet, spireEntry } from './snippets';

/** Ready to copy. */
export function AgentSetUp({ agent, catalogue }: { agent: Agent; catalogue: Catalogue }) {
  const { server } = catalogue;
  const kubernetes = agent.platform === 'kubernetes';
  const trustDomain = agent.spiffe_id.split('/')[2];
  return (
    <Section title="Set up">
      <Tabs defaultValue="python" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="python">Python</Tabs.Tab>
          {kubernetes && <Tabs.Tab value="kubernetes">Kubernetes</Tabs.Tab>}
          {hasSpire(agent) && <Tabs.Tab value="spire">SPIRE</Tabs.Tab>}
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
        {hasSpire(agent) && (
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
