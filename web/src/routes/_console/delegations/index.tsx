import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { DelegationsPage } from '@/features/delegations/DelegationsPage';

export const Route = createFileRoute('/_console/delegations/')({
  validateSearch: z.object({
    q: z.string().max(256).optional().catch(undefined),
    status: z.enum(['active', 'disabled', 'revoked', 'ended']).optional().catch(undefined),
    role: z.string().max(256).optional().catch(undefined),
    client_id: z.string().max(256).optional().catch(undefined),
    new: z.string().max(256).optional().catch(undefined),
  }),
  component: function DelegationsPageRoute() {
    const navigate = Route.useNavigate();
    return (
      <DelegationsPage
        search={Route.useSearch()}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })}
      />
    );
  },
});
