import { createFileRoute } from '@tanstack/react-router';
import { RolePage } from '@/features/roles/RolePage';

export const Route = createFileRoute('/_console/access/roles/$name')({
  component: function RolePageRoute() {
    const { name } = Route.useParams();
    return <RolePage key={name} name={name} />;
  },
});
