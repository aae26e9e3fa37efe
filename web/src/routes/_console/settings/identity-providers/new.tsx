import { createFileRoute } from '@tanstack/react-router';
import { NewProviderPage } from '@/features/providers/NewProviderPage';

export const Route = createFileRoute('/_console/settings/identity-providers/new')({
  component: NewProviderPage,
});
