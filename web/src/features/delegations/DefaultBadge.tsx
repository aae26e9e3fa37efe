import { Badge, Tooltip } from '@mantine/core';

export function DefaultBadge() {
  return (
    <Tooltip label="Used when a request names no delegation" withArrow>
      <Badge variant="default" radius="sm" tt="none" style={{ flexShrink: 0 }}>
        Default
      </Badge>
    </Tooltip>
  );
}
