import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { ProvidersPage } from '@/features/providers/ProvidersPage';
import { replaces, text } from '@/lib/address';

export const Route = createFileRoute('/_console/settings/identity-providers/')({
  validateSearch: z.object({ q: text() }),
  component: function ProvidersPageRoute() {
    const navigate = Route.useNavigate();
    const search = Route.useSearch();
    return (
      <ProvidersPage
        search={search}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: replaces(search, change) })}
      />
    );
  },
});
