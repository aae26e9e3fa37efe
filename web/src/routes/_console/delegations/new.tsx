import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { CreateDelegationPage } from '@/features/delegations/CreateDelegationPage';

export const Route = createFileRoute('/_console/delegations/new')({
  validateSearch: z.object({
    client_id: z.string().max(256).optional().catch(undefined),
    role: z.string().max(256).optional().catch(undefined),
  }),
  component: function CreateDelegationPageRoute() {
    return <CreateDelegationPage search={Route.useSearch()} />;
  },
});
