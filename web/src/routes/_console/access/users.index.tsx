import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { UsersPage } from '@/features/people/UsersPage';
import { oneOf, replaces, text } from '@/lib/address';

export const Route = createFileRoute('/_console/access/users/')({
  validateSearch: z.object({
    q: text(),
    level: oneOf(['admin', 'member', 'auditor']),
    status: oneOf(['active', 'suspended']),
    role: text(),
  }),
  component: function UsersPageRoute() {
    const navigate = Route.useNavigate();
    const search = Route.useSearch();
    return (
      <UsersPage
        search={search}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: replaces(search, change) })}
      />
    );
  },
});
