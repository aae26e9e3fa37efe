import { createFileRoute } from '@tanstack/react-router';
import { ProviderPage } from '@/features/providers/ProviderPage';

export const Route = createFileRoute('/_console/settings/identity-providers/$id')({
  component: function ProviderPageRoute() {
    const { id } = Route.useParams();
    return <ProviderPage key={id} id={id} />;
  },
});
