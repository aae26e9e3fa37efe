import { createFileRoute } from '@tanstack/react-router';
import { TemplatePage } from '@/features/templates/TemplatePage';

export const Route = createFileRoute('/_console/delegation-templates/$id')({
  component: function TemplatePageRoute() {
    const { id } = Route.useParams();
    return <TemplatePage key={id} id={id} />;
  },
});
