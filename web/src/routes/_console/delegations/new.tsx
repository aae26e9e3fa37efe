import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { CreateDelegationPage } from '@/features/delegations/CreateDelegationPage';
import { text } from '@/lib/address';

export const Route = createFileRoute('/_console/delegations/new')({
  validateSearch: z.object({
    client_id: text(),
    role: text(),
  }),
  component: function CreateDelegationPageRoute() {
    return <CreateDelegationPage search={Route.useSearch()} />;
  },
});
