import { Page } from '@/ui/Page';

export function SigningKeysPage() {
  return <Page title="SigningKeysPage">…</Page>;
}
