import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { ActionsPage } from '@/features/roles/ActionsPage';

export const Route = createFileRoute('/_console/access/actions')({
  validateSearch: z.object({ q: z.string().max(256).optional().catch(undefined) }),
  component: function ActionsPageRoute() {
    const navigate = Route.useNavigate();
    return (
      <ActionsPage
        search={Route.useSearch()}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })}
      />
    );
  },
});
