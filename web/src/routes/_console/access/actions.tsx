import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { ActionsPage } from '@/features/roles/ActionsPage';
import { replaces, text } from '@/lib/address';

export const Route = createFileRoute('/_console/access/actions')({
  validateSearch: z.object({ q: text() }),
  component: function ActionsPageRoute() {
    const navigate = Route.useNavigate();
    const search = Route.useSearch();
    return (
      <ActionsPage
        search={search}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: replaces(search, change) })}
      />
    );
  },
});
