import { createFileRoute } from '@tanstack/react-router';
import { NewSourcePage } from '@/features/sources/NewSourcePage';

export const Route = createFileRoute('/_console/settings/workload-sources/new')({
  component: NewSourcePage,
});
