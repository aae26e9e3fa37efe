import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { DelegationsPage } from '@/features/delegations/DelegationsPage';
import { oneOf, replaces, text } from '@/lib/address';

export const Route = createFileRoute('/_console/delegations/')({
  validateSearch: z.object({
    q: text(),
    status: oneOf(['active', 'disabled', 'revoked', 'ended']),
    role: text(),
    client_id: text(),
    new: text(),
  }),
  component: function DelegationsPageRoute() {
    const navigate = Route.useNavigate();
    const search = Route.useSearch();
    return (
      <DelegationsPage
        search={search}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: replaces(search, change) })}
      />
    );
  },
});
