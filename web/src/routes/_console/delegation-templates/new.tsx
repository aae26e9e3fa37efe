import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { NewTemplatePage } from '@/features/templates/NewTemplatePage';
import { text } from '@/lib/address';

export const Route = createFileRoute('/_console/delegation-templates/new')({
  validateSearch: z.object({ client_id: text(), identity_provider_id: text() }),
  component: function NewTemplatePageRoute() {
    return <NewTemplatePage search={Route.useSearch()} />;
  },
});
