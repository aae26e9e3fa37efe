import { $api } from '@/api/client';
import { useCan } from '@/api/session';
import { Enabled } from '@/ui/badges';
import { LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { Absent, isThere, Outdated } from '@/ui/thing';
import { TemplateActions } from './TemplateActions';
import { TemplateFacts } from './TemplateFacts';

/** One delegation template. */
export function TemplatePage({ id }: { id: string }) {
  const can = useCan();
  const query = $api.useQuery('get', '/delegation-templates/{id}', { params: { path: { id } } });
  const above = [
    <LinkTo key="all" to="/delegation-templates">
      Delegation templates
    </LinkTo>,
  ];
  if (!isThere(query)) {
    return (
      <Page title="Delegation template" above={above}>
        <Absent query={query} what="delegation template" />
      </Page>
    );
  }
  const template = query.data;
  return (
    <Page
      title={template.name}
      badge={<Enabled enabled={template.enabled} />}
      above={above}
      actions={can('delegation_templates.write') && <TemplateActions template={template} />}
    >
      <Outdated query={query} what="delegation template" />
      <TemplateFacts template={template} />
    </Page>
  );
}
