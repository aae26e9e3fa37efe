import { createFileRoute } from '@tanstack/react-router';
import { SigningKeysPage } from '@/features/settings/SigningKeysPage';

export const Route = createFileRoute('/_console/settings/signing-keys')({
  component: SigningKeysPage,
});
