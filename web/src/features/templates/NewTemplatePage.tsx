import { useQuery } from '@tanstack/react-query';
import { useAll } from '@/api/all';
import { catalogueQuery } from '@/api/catalogue';
import { $api } from '@/api/client';
import { LinkTo } from '@/ui/links';
import { Page } from '@/ui/Page';
import { FailureAlert, Loading } from '@/ui/states';
import { TemplateForm } from './TemplateForm';

/** What the form of a new one starts from. */
export interface NewTemplateSearch {
  client_id?: string | undefined;
  identity_provider_id?: string | undefined;
}

export function NewTemplatePage({ search }: { search: NewTemplateSearch }) {
  const catalogue = useQuery(catalogueQuery);
  const roles = useAll('/roles');
  const actions = useAll('/actions');
  const preset = $api.useQuery(
    'get',
    '/agents/{client_id}',
    { params: { path: { client_id: search.client_id ?? '' } } },
    { enabled: Boolean(search.client_id) },
  );
  const failure = catalogue.error ?? roles.error ?? actions.error;
  const waiting = Boolean(search.client_id) && preset.isPending;
  return (
    <Page
      title="Add delegation template"
      description="A rule for people who are present: an agent shows a token of theirs, and gets one that names them."
      above={[
        <LinkTo key="list" to="/delegation-templates">
          Delegation templates
        </LinkTo>,
      ]}
    >
      {catalogue.data && roles.data && actions.data && !waiting ? (
        <>
          <FailureAlert failure={preset.error} title="The agent of this link could not be loaded" />
          <TemplateForm
            catalogue={catalogue.data}
            roles={roles.data}
            actions={actions.data}
            agent={preset.data}
            provider={search.identity_provider_id}
          />
        </>
      ) : failure ? (
        <FailureAlert
          failure={failure}
          title="The form could not be loaded"
          retry={() => {
            for (const query of [catalogue, roles, actions]) void query.refetch();
          }}
        />
      ) : (
        <Loading lines={8} />
      )}
    </Page>
  );
}
