import { IconMapPinOff } from '@tabler/icons-react';
import { ButtonTo } from '@/ui/links';
import { Empty } from '@/ui/states';

export function NotFound() {
  return (
    <Empty icon={IconMapPinOff} title="There is nothing here" action={<ButtonTo to="/">Go to the dashboard</ButtonTo>}>
      It may have been deleted, or you may not see it.
    </Empty>
  );
}
