import { createFileRoute } from '@tanstack/react-router';
import { SourcePage } from '@/features/sources/SourcePage';

export const Route = createFileRoute('/_console/settings/workload-sources/$id')({
  component: function SourcePageRoute() {
    const { id } = Route.useParams();
    return <SourcePage id={id} />;
  },
});
