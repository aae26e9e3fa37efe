import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { TemplatesPage } from '@/features/templates/TemplatesPage';
import { replaces, text } from '@/lib/address';

export const Route = createFileRoute('/_console/delegation-templates/')({
  validateSearch: z.object({ q: text(), client_id: text(), identity_provider_id: text() }),
  component: function TemplatesPageRoute() {
    const navigate = Route.useNavigate();
    const search = Route.useSearch();
    return (
      <TemplatesPage
        search={search}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: replaces(search, change) })}
      />
    );
  },
});
