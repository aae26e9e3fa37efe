import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { AgentPage } from '@/features/clients/AgentPage';
import { oneOf } from '@/lib/address';

export const Route = createFileRoute('/_console/clients/agents/$clientId')({
  validateSearch: z.object({ setup: oneOf(['python', 'kubernetes', 'spire']) }),
  component: function AgentPageRoute() {
    const { clientId } = Route.useParams();
    const navigate = Route.useNavigate();
    return (
      <AgentPage
        key={clientId}
        clientId={clientId}
        search={Route.useSearch()}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), resetScroll: false })}
      />
    );
  },
});
