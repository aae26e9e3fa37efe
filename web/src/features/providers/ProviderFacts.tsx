import { Table, Text } from '@mantine/core';
import { CopyValue } from '@/ui/copy';
import { FactRow } from '@/ui/Fact';
import { Section } from '@/ui/states';
import { When } from '@/ui/When';
import { factsOf } from './facts';
import type { Provider } from './values';

export function ProviderFacts({ provider }: { provider: Provider }) {
  return (
    <Section title="What it says of people">
      <Table variant="vertical" layout="fixed" aria-label="Settings">
        <Table.Tbody>
          {factsOf(provider).map((f) => (
            <FactRow key={f.label} label={f.label}>
              {f.value}
            </FactRow>
          ))}
          {provider.sign_in && (
            <FactRow label="Redirect URI">
              <CopyValue value={provider.redirect_uri} label="Redirect URI" />
            </FactRow>
          )}
        </Table.Tbody>
      </Table>
      <Text fz="sm" c="dimmed">
        Added <When time={provider.created_at} />, changed <When time={provider.updated_at} />
      </Text>
    </Section>
  );
}
