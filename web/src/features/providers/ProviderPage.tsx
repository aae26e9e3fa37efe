import { $api, client } from '@/api/client';
import { useCan } from '@/api/session';
import type { Schema } from '@/api/types';
import { Enabled } from '@/ui/badges';
import { LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { TestToken } from '@/ui/TestToken';
import { Absent, isThere, Outdated } from '@/ui/thing';
import { ProviderActions } from './ProviderActions';
import { ProviderFacts } from './ProviderFacts';
import { Verdict } from './Verdict';

const kinds: { value: Schema<'SubjectTokenKind'>; label: string }[] = [
  { value: 'id_token', label: 'ID token' },
  { value: 'access_token', label: 'Access token (RFC 9068)' },
  { value: 'jwt', label: 'Any JWT' },
];

/** One identity provider: what it says of people, and what it makes of a token. */
export function ProviderPage({ id }: { id: string }) {
  const can = useCan();
  const query = $api.useQuery('get', '/identity-providers/{id}', { params: { path: { id } } });
  const above = [
    <LinkTo key="providers" to="/settings/identity-providers">
      Identity providers
    </LinkTo>,
  ];
  if (!isThere(query)) {
    return (
      <Page title="Identity provider" above={above}>
        <Absent query={query} what="identity provider" />
      </Page>
    );
  }
  const provider = query.data;
  const writes = can('identity_providers.write');
  const test = async (token: string, kind: Schema<'SubjectTokenKind'>) => {
    const { data, error } = await client.POST('/identity-providers/{id}/test', { params: { path: { id } }, body: { token, kind } });
    if (error) throw error;
    return data;
  };
  return (
    <Page
      title={provider.name}
      badge={<Enabled enabled={provider.enabled} />}
      above={above}
      actions={writes && <ProviderActions provider={provider} />}
    >
      <Outdated query={query} what="identity provider" />
      <ProviderFacts provider={provider} />
      {writes && (
        <TestToken
          key={provider.updated_at}
          label="Person's token"
          description="As an agent would show it at token exchange."
          kinds={kinds}
          test={test}
          show={(verdict) => <Verdict verdict={verdict} />}
        >
          What a person's token says here, and which delegation templates the person meets.
        </TestToken>
      )}
    </Page>
  );
}
