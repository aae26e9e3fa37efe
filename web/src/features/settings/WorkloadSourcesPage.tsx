import { Alert, Badge, Group, List, Stack, Text } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { catalogueQuery } from '@/api/catalogue';
import type { Schema } from '@/api/types';
import { Attestation } from '@/ui/badges';
import { Page } from '@/ui/Page';
import { FailureAlert, Loading, Section } from '@/ui/states';
import { noneConfigured } from './sources';

/** What can prove workloads here, and what is left to configure. */
export function WorkloadSourcesPage() {
  const { data, error, refetch } = useQuery(catalogueQuery);
  return (
    <Page
      title="Workload sources"
      description="What proves that a workload is the agent it says it is. Sources are part of the server's configuration; this page shows what it has."
    >
      <FailureAlert failure={data ? null : error} retry={() => void refetch()} title="The sources could not be loaded" />
      {!data && !error && <Loading lines={8} />}
      {data && noneConfigured(data.platforms) && (
        <Alert
          color="blue"
          title="No workload source is configured yet"
          icon={<IconInfoCircle aria-hidden />}
          c="var(--mantine-color-text)"
        >
          Agents by client secret need none. What each platform needs stands below.
        </Alert>
      )}
      {data?.platforms.map((p) => (
        <PlatformSources key={p.key} platform={p} />
      ))}
    </Page>
  );
}

function PlatformSources({ platform }: { platform: Schema<'Platform'> }) {
  return (
    <Section title={platform.label} id={`platform-${platform.key}`}>
      <Text style={{ overflowWrap: 'anywhere' }}>{platform.help}</Text>
      {platform.sources.length > 0 && (
        <List listStyleType="none" spacing="sm" aria-label={`Sources for ${platform.label}`}>
          {platform.sources.map((s) => (
            <List.Item key={`${s.method} ${s.label}`} styles={{ itemWrapper: { display: 'block' }, itemLabel: { display: 'block' } }}>
              <Source source={s} />
            </List.Item>
          ))}
        </List>
      )}
      <Group gap="xs">
        <Text span fz="sm">
          A new agent of this platform is by default:
        </Text>
        <Attestation mode={platform.default_attestation} />
      </Group>
    </Section>
  );
}

function Source({ source }: { source: Schema<'ProofSource'> }) {
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <Text span fw={600} style={{ overflowWrap: 'anywhere', minWidth: 0 }}>
          {source.label}
        </Text>
        <Badge variant="light" radius="sm" tt="none" fw={600} c="var(--mantine-color-text)" color={source.configured ? 'teal' : 'gray'}>
          {source.configured ? 'Configured' : 'Not configured'}
        </Badge>
      </Group>
      {source.help && (
        <Text fz="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {source.help}
        </Text>
      )}
    </Stack>
  );
}
