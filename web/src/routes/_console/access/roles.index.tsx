import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { RolesPage } from '@/features/roles/RolesPage';

export const Route = createFileRoute('/_console/access/roles/')({
  validateSearch: z.object({ q: z.string().max(256).optional().catch(undefined) }),
  component: function RolesPageRoute() {
    const navigate = Route.useNavigate();
    return (
      <RolesPage
        search={Route.useSearch()}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })}
      />
    );
  },
});
