import { createFileRoute } from '@tanstack/react-router';
import { ServerPage } from '@/features/clients/ServerPage';

export const Route = createFileRoute('/_console/clients/servers/$id')({
  component: function ServerPageRoute() {
    const { id } = Route.useParams();
    return <ServerPage key={id} id={id} />;
  },
});
