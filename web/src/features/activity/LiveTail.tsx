import { Group, Switch, Text } from '@mantine/core';

/** Renews the list every two seconds while it is on. */
export function LiveTail({ live, failed, onChange }: { live: boolean; failed: boolean; onChange: (live: boolean) => void }) {
  const state = live ? (failed ? 'Live, but the last renewal failed' : 'Live: new events show within two seconds') : 'Paused';
  return (
    <Group gap="sm">
      <Switch label="Live tail" checked={live} onChange={(e) => onChange(e.currentTarget.checked)} />
      <Text fz="sm" c="dimmed" role="status">
        {state}
      </Text>
    </Group>
  );
}
