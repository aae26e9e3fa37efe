import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { ClientsPage } from '@/features/clients/ClientsPage';

export const Route = createFileRoute('/_console/clients/')({
  validateSearch: z.object({
    tab: z.enum(['agents', 'servers']).optional().catch(undefined),
    q: z.string().max(256).optional().catch(undefined),
    type: z.string().max(256).optional().catch(undefined),
    platform: z.string().max(256).optional().catch(undefined),
    attestation: z.enum(['required', 'permissive']).optional().catch(undefined),
    status: z.enum(['active', 'suspended']).optional().catch(undefined),
    onboard: z.enum(['agent', 'server']).optional().catch(undefined),
  }),
  component: function ClientsPageRoute() {
    const navigate = Route.useNavigate();
    return (
      <ClientsPage
        search={Route.useSearch()}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })}
      />
    );
  },
});
