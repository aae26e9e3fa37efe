import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { DashboardPage } from '@/features/dashboard/DashboardPage';

export const Route = createFileRoute('/_console/')({
  validateSearch: z.object({
    days: z
      .union([z.literal(1), z.literal(7), z.literal(30)])
      .optional()
      .catch(undefined),
  }),
  component: function DashboardPageRoute() {
    const navigate = Route.useNavigate();
    return (
      <DashboardPage
        search={Route.useSearch()}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })}
      />
    );
  },
});
