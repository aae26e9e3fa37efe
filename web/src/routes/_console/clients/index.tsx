import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { ClientsPage } from '@/features/clients/ClientsPage';
import { oneOf, replaces, text } from '@/lib/address';

export const Route = createFileRoute('/_console/clients/')({
  validateSearch: z.object({
    tab: oneOf(['agents', 'servers']),
    q: text(),
    type: text(),
    platform: text(),
    attestation: oneOf(['required', 'permissive']),
    status: oneOf(['active', 'suspended']),
    onboard: oneOf(['agent', 'server']),
  }),
  component: function ClientsPageRoute() {
    const navigate = Route.useNavigate();
    const search = Route.useSearch();
    return (
      <ClientsPage
        search={search}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: replaces(search, change) })}
      />
    );
  },
});
