import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { RolesPage } from '@/features/roles/RolesPage';
import { replaces, text } from '@/lib/address';

export const Route = createFileRoute('/_console/access/roles/')({
  validateSearch: z.object({ q: text() }),
  component: function RolesPageRoute() {
    const navigate = Route.useNavigate();
    const search = Route.useSearch();
    return (
      <RolesPage
        search={search}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: replaces(search, change) })}
      />
    );
  },
});
