import { createFileRoute } from '@tanstack/react-router';
import { DelegationPage } from '@/features/delegations/DelegationPage';

export const Route = createFileRoute('/_console/delegations/$id')({
  component: function DelegationPageRoute() {
    const { id } = Route.useParams();
    return <DelegationPage key={id} id={id} />;
  },
});
