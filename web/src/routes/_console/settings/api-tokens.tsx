import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { ApiTokensPage } from '@/features/settings/ApiTokensPage';
import { replaces, text } from '@/lib/address';

export const Route = createFileRoute('/_console/settings/api-tokens')({
  validateSearch: z.object({
    q: text(),
    user_id: text(),
  }),
  component: function ApiTokensPageRoute() {
    const navigate = Route.useNavigate();
    const search = Route.useSearch();
    return (
      <ApiTokensPage
        search={search}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: replaces(search, change) })}
      />
    );
  },
});
