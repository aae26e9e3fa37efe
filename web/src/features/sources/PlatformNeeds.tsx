import { Group, List, Stack, Text } from '@mantine/core';
import type { Schema } from '@/api/types';
import { Attestation } from '@/ui/badges';
import { LinkTo } from '@/ui/links';
import { Section } from '@/ui/states';

/** For each platform: what proves it now, or what could. */
export function PlatformNeeds({ platforms }: { platforms: readonly Schema<'Platform'>[] }) {
  return (
    <Section title="By platform">
      <Stack gap="lg">
        {platforms.map((p) => (
          <Stack key={p.key} gap={4}>
            <Group gap="xs">
              <Text fw={600}>{p.label}</Text>
              <Text span fz="sm" c="dimmed">
                a new agent is by default
              </Text>
              <Attestation mode={p.default_attestation} />
            </Group>
            <List fz="sm" aria-label={`What proves ${p.label}`} withPadding>
              {p.sources.map((s) => (
                <List.Item key={`${s.method} ${s.id ?? s.label}`} style={{ overflowWrap: 'anywhere' }}>
                  <Proof source={s} />
                </List.Item>
              ))}
            </List>
          </Stack>
        ))}
      </Stack>
    </Section>
  );
}

function Proof({ source }: { source: Schema<'ProofSource'> }) {
  if (source.id)
    return (
      <LinkTo to="/settings/workload-sources/$id" params={{ id: source.id }}>
        {source.label}
      </LinkTo>
    );
  return source.configured ? source.label : (source.help ?? source.label);
}
