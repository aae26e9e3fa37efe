import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { ApiTokensPage } from '@/features/settings/ApiTokensPage';

export const Route = createFileRoute('/_console/settings/api-tokens')({
  validateSearch: z.object({
    q: z.string().max(256).optional().catch(undefined),
    user_id: z.string().max(256).optional().catch(undefined),
  }),
  component: function ApiTokensPageRoute() {
    const navigate = Route.useNavigate();
    return (
      <ApiTokensPage
        search={Route.useSearch()}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })}
      />
    );
  },
});
