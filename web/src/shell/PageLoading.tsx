import { Loading } from '@/ui/states';

export function PageLoading() {
  return <Loading lines={6} />;
}
