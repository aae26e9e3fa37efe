import { createFileRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { DashboardPage } from '@/features/dashboard/DashboardPage';
import { replaces } from '@/lib/address';

export const Route = createFileRoute('/_console/')({
  validateSearch: z.object({
    days: z
      .union([z.literal(1), z.literal(7), z.literal(30)])
      .optional()
      .catch(undefined),
  }),
  component: function DashboardPageRoute() {
    const navigate = Route.useNavigate();
    const search = Route.useSearch();
    return (
      <DashboardPage
        search={search}
        setSearch={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: replaces(search, change) })}
      />
    );
  },
});
