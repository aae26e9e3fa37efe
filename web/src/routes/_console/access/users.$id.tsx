import { createFileRoute } from '@tanstack/react-router';
import { UserPage } from '@/features/people/UserPage';

export const Route = createFileRoute('/_console/access/users/$id')({
  component: function UserPageRoute() {
    const { id } = Route.useParams();
    return <UserPage key={id} id={id} />;
  },
});
