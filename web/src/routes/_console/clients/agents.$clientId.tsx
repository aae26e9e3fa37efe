import { createFileRoute } from '@tanstack/react-router';
import { AgentPage } from '@/features/clients/AgentPage';

export const Route = createFileRoute('/_console/clients/agents/$clientId')({
  component: function AgentPageRoute() {
    const { clientId } = Route.useParams();
    return <AgentPage key={clientId} clientId={clientId} />;
  },
});
