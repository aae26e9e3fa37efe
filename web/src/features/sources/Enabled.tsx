import { Badge } from '@mantine/core';

export function Enabled({ enabled }: { enabled: boolean }) {
  return (
    <Badge variant="light" radius="sm" tt="none" fw={600} c="var(--mantine-color-text)" color={enabled ? 'teal' : 'yellow'}>
      {enabled ? 'Enabled' : 'Disabled'}
    </Badge>
  );
}
