import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { UsersPage } from '@/features/people/UsersPage';

export const Route = createFileRoute('/_console/access/users/')({
  validateSearch: z.object({
    q: z.string().max(256).optional().catch(undefined),
    level: z.enum(['admin', 'member', 'auditor']).optional().catch(undefined),
    status: z.enum(['active', 'suspended']).optional().catch(undefined),
    role: z.string().max(256).optional().catch(undefined),
  }),
  component: function UsersPageRoute() {
    const navigate = Route.useNavigate();
    return (
      <UsersPage
        search={Route.useSearch()}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })}
      />
    );
  },
});
